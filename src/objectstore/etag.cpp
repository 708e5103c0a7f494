#include "objectstore/etag.hpp"

#include <algorithm>

#include "base/strings.hpp"

namespace trainyard::objectstore {
namespace {

constexpr std::size_t kMd5Hex = 32, kMd5Bytes = 16;
// aws, ours, older SDKs and rclone, s3cmd, s5cmd; then the round ones that people set.
constexpr std::uint64_t kCommonMiB[] = {8, 16, 5, 15, 50, 64, 10, 100, 32, 128, 20, 25, 256, 512};

}  // namespace

std::optional<std::uint64_t> parts_of_etag(std::string_view etag) {
  if (etag.size() < kMd5Hex + 2 || etag[kMd5Hex] != '-') return std::nullopt;
  const bool hex = etag.substr(0, kMd5Hex).find_first_not_of("0123456789abcdef") == etag.npos;
  return hex ? parse_u64(etag.substr(kMd5Hex + 1)) : std::nullopt;
}

std::uint64_t guess_part_size(std::uint64_t size, std::uint64_t parts) {
  for (const std::uint64_t mib : kCommonMiB) {
    const std::uint64_t candidate = mib << 20;
    if (std::max<std::uint64_t>(1, (size + candidate - 1) / candidate) == parts) return candidate;
  }
  return 0;
}

void EtagHasher::update(std::string_view bytes) {
  while (part_size_ != 0 && bytes.size() > part_size_ - in_part_) {
    const std::size_t rest = part_size_ - in_part_;
    hasher_.update(bytes.substr(0, rest));
    bytes.remove_prefix(rest);
    digests_ += hasher_.finish();
    hasher_ = Hasher(Digest::Md5);
    in_part_ = 0;
  }
  hasher_.update(bytes);
  in_part_ += bytes.size();
}

std::string EtagHasher::finish() {
  if (part_size_ == 0) return to_hex(hasher_.finish());
  digests_ += hasher_.finish();
  return etag_of_parts(digests_);
}

std::string etag_of_parts(std::string_view digests) {
  return to_hex(digest(Digest::Md5, digests)) + "-" + std::to_string(digests.size() / kMd5Bytes);
}

std::string without_quotes(std::string_view etag) {
  etag = trim(etag);
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') {
    etag = etag.substr(1, etag.size() - 2);
  }
  return std::string(etag);
}

}  // namespace trainyard::objectstore
