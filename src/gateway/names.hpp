#pragma once
// Which buckets and keys there can be, and how a request names them (path style).
#include <string>
#include <string_view>

namespace trainyard::gateway {

inline constexpr std::size_t kMaxKeyBytes = 1024;

// S3's rules for general purpose buckets.
bool valid_bucket_name(std::string_view name);

// Throws S3Error KeyTooLongError, or InvalidURI when the key is not UTF-8.
void check_key(std::string_view key);

struct Resource {
  std::string bucket;  // empty: the service itself
  std::string key;     // empty: the bucket itself; otherwise exact bytes
};
// "/bucket/any//key%20" → bucket, "any//key ". Nothing is normalised. Throws S3Error InvalidURI.
Resource parse_resource(std::string_view raw_path);

}  // namespace trainyard::gateway
