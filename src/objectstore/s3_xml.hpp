#pragma once
// The XML that an S3 store answers with. Pure; throws Corrupt for what is not such a document, and
// never trusts its size: at most kMaxXml bytes and kMaxListed keys.
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.hpp"
#include "objectstore/checksums.hpp"
#include "objectstore/object_store.hpp"

namespace trainyard::objectstore::s3 {

inline constexpr std::size_t kMaxXml = 32u << 20;
inline constexpr std::size_t kMaxListed = 100'000;  // of one page; S3 itself gives 1,000

// The checksum that uploads are compared by, beside the MD5.
inline constexpr ChecksumAlgorithm kCrc64 = ChecksumAlgorithm::Crc64Nvme;

struct Listing {
  std::vector<ObjectInfo> objects;
  bool truncated = false;
  bool version2 = false;     // the answer is of ListObjectsV2
  std::string continuation;  // version 2: NextContinuationToken
  std::string with_plus;     // the first encoded key that has a '+', as it came; mostly empty
  std::optional<Plus> plus;  // what that means, where another key of the page shows it
};
// Keys are decoded when the answer says that they are url-encoded. A '+' then is a blank at AWS and
// those that do as it does, and itself at stores that write a blank as "%20". Throws InvalidInput
// for a list of buckets, which the service's own address gives in place of a bucket's.
Listing parse_listing(std::string_view xml, Plus plus = Plus::Space);

// <Error>: also of an answer with status 200. nullopt when the text is not an error document.
struct ErrorBody {
  std::string code;
  std::string message;
  std::string region;    // <Region> of AuthorizationHeaderMalformed and PermanentRedirect
  std::string endpoint;  // <Endpoint> of PermanentRedirect
};
std::optional<ErrorBody> parse_error(std::string_view xml);

struct OpenUploads {
  struct Upload {
    std::string key;
    std::string id;
  };
  std::vector<Upload> uploads;
  bool truncated = false;
};
OpenUploads parse_open_uploads(std::string_view xml);  // ListMultipartUploadsResult

std::string parse_upload_id(std::string_view xml);  // InitiateMultipartUploadResult
// CompleteMultipartUploadResult: the ETag without quotes, and the checksum of the whole if it has a
// CRC-64/NVME.
ObjectInfo parse_completed(std::string_view xml);

struct SentPart {
  std::string etag;
  std::string crc64;  // empty: the upload has no such checksum
};
// <CompleteMultipartUpload> with the parts numbered from 1.
std::string complete_upload_body(const std::vector<SentPart>& parts);

}  // namespace trainyard::objectstore::s3
