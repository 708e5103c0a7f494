#pragma once
// What can be told from an ETag: nothing, the MD5 of the bytes, or the MD5 of the parts' MD5s and
// their number ("d41d…-3").
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.hpp"

namespace trainyard::objectstore {

// The number of parts; nullopt when the ETag is not of an upload in parts.
std::optional<std::uint64_t> parts_of_etag(std::string_view etag);

// The part size with which an object of `size` bytes has `parts` parts, the likeliest of those that
// the common programs use; 0 when there is none.
std::uint64_t guess_part_size(std::uint64_t size, std::uint64_t parts);

// The ETag that bytes have, taken in order: an MD5, or that of an upload in parts of `part_size`
// (unless 0).
class EtagHasher {
 public:
  explicit EtagHasher(std::uint64_t part_size = 0) : part_size_(part_size) {}
  void update(std::string_view bytes);
  std::string finish();

 private:
  std::uint64_t part_size_;
  std::uint64_t in_part_ = 0;
  Hasher hasher_{Digest::Md5};
  std::string digests_;
};

// Of the raw digests of the parts, in order.
std::string etag_of_parts(std::string_view digests);

// As it is in a header: without quotes and the mark of a weak one.
std::string without_quotes(std::string_view etag);

}  // namespace trainyard::objectstore
