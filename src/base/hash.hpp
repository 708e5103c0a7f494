#pragma once
// Digests (OpenSSL), checksums and encodings. Digests are raw bytes; use to_hex / base64.
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace trainyard {

enum class Digest { Md5, Sha1, Sha256 };

class Hasher {  // incremental; not thread-safe
 public:
  explicit Hasher(Digest digest);
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  ~Hasher();
  void update(std::string_view bytes);
  std::string finish();  // raw digest; the object may not be used after

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::string digest(Digest kind, std::string_view bytes);                      // raw
std::string hmac(Digest kind, std::string_view key, std::string_view bytes);  // raw
std::string hmac_sha256(std::string_view key, std::string_view bytes);        // raw

// Checksums as S3 sends them. `seed` is the previous value for incremental use (start with 0).
std::uint32_t crc32(std::string_view bytes, std::uint32_t seed = 0);
std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);
std::uint64_t crc64nvme(std::string_view bytes, std::uint64_t seed = 0);

std::string to_hex(std::string_view raw);
std::string from_hex(std::string_view hex);          // throws InvalidInput
std::string base64_encode(std::string_view raw);     // standard alphabet, padded
std::string base64_decode(std::string_view text);    // throws InvalidInput; padding optional
std::string base64url_encode(std::string_view raw);  // no padding
std::string base64url_decode(std::string_view text);
bool constant_time_equal(std::string_view a, std::string_view b) noexcept;

}  // namespace trainyard
