#pragma once
// Reads the XML documents that clients send. Each throws S3Error MalformedXML. Elements that S3
// does not know are passed over, as S3 does.
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trainyard::gateway {

inline constexpr std::size_t kMaxXmlBody = 8u << 20;
inline constexpr std::size_t kMaxDeletes = 1000;
inline constexpr std::size_t kMaxParts = 10'000;

struct DeleteRequest {
  struct Item {
    std::string key;
    std::string version;  // empty: none given
  };
  bool quiet = false;
  std::vector<Item> items;  // 1 to kMaxDeletes
};
DeleteRequest parse_delete(std::string_view xml);

struct CompleteRequest {
  struct Part {
    int number = 0;
    std::string etag;                                            // without quotes
    std::vector<std::pair<std::string, std::string>> checksums;  // ("ChecksumCRC32", base64)
  };
  std::vector<Part> parts;  // 1 to kMaxParts, as listed
};
CompleteRequest parse_complete(std::string_view xml);

// The LocationConstraint of a CreateBucketConfiguration; nullopt for an empty body or none.
std::optional<std::string> parse_location(std::string_view xml);

}  // namespace trainyard::gateway
