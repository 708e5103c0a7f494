#pragma once
// Seals the secrets of runs for the disk (XChaCha20-Poly1305 of libsodium). Thread-safe.
#include <filesystem>
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace trainyard::repository {

class Sealer {
 public:
  explicit Sealer(Secret key);  // 32 bytes; InvalidInput otherwise
  // The key in the file; made on first use, with mode 0600. Throws Forbidden when others may read
  // the file, Corrupt when it does not hold a key.
  static Sealer from_key_file(const std::filesystem::path& path);

  // Sealed with a nonce of its own, so that equal secrets look different. `context` names the place
  // that the secret stands in: it opens only there.
  std::string seal(const Secret& secret, std::string_view context) const;
  // Throws Corrupt when the bytes were changed, or sealed with another key or context.
  Secret open(std::string_view sealed, std::string_view context) const;

 private:
  Secret key_;
};

}  // namespace trainyard::repository
