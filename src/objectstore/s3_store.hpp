#pragma once
// A bucket of an S3-compatible store: AWS, IBM COS, MinIO, Ceph, Swift's s3api, our own gateway.
//
// Parse → validated options → open: s3_options() needs no network and says what is wrong with the
// manifest's words. Requests are signed with Signature Version 4, or not at all when both keys are
// empty (a public bucket). Bodies go as UNSIGNED-PAYLOAD with a signed CRC-64/NVME or Content-MD5,
// so that the store checks them. Whether it takes the former, the region that it asks for (301, 400
// AuthorizationHeaderMalformed) and a clock that runs differently are learned once and remembered.
#include <chrono>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "http/client.hpp"
#include "model/manifest.hpp"
#include "objectstore/endpoint.hpp"
#include "objectstore/object_store.hpp"
#include "objectstore/retry.hpp"

namespace trainyard::objectstore {

enum class Addressing { Path, VirtualHost };  // http://host/bucket/key, http://bucket.host/key

struct S3Options {
  Endpoint endpoint;
  std::string bucket;
  std::string access_key_id;  // empty, together with the secret: anonymous
  Secret secret_access_key;
  std::string region;  // to begin with
  Addressing addressing = Addressing::Path;
  // put() sends larger sources in parts of this size (larger when there would be over 10,000).
  std::uint64_t part_size = 16u << 20;
  unsigned part_connections = 8;  // parts under way in this store at once, over all put() calls
  RetryPolicy retry;              // of the requests of an upload in parts
  std::shared_ptr<RetryWatch> retry_watch = nullptr;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds stall_timeout{60'000};
};

// Virtual-host addressing for AWS and buckets that can be a host name, and where the endpoint's
// host begins with the bucket (http://bucket.host), else path. A bucket that the endpoint repeats
// (https://bucket.s3.amazonaws.com, http://host/bucket) is taken off it; the latter asks for path
// addressing also where the host happens to begin with the bucket's name. Throws InvalidInput.
S3Options s3_options(const model::S3Connection& connection, const std::string& bucket);

// `clock` must outlive the store.
std::unique_ptr<ObjectStore> open_s3(S3Options options, std::shared_ptr<http::Client> client,
                                     Clock& clock);

}  // namespace trainyard::objectstore
