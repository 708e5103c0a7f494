#include "gateway/object_headers.hpp"
#include "gateway/operations.hpp"
#include "gateway/payload.hpp"
#include "gateway/s3_error.hpp"
#include "gateway/xml_requests.hpp"

namespace trainyard::gateway {
namespace {

// Where creating a bucket again is a success, as in S3's oldest region.
constexpr std::string_view kForgivingRegion = "us-east-1";

}  // namespace

http::Response list_all_buckets(Call& call) {
  const auto buckets = call.store.index.read([](db::Connection& db) { return list_buckets(db); });
  XmlWriter xml;
  xml.open("ListAllMyBucketsResult", kS3Namespace);
  write_owner(xml, "Owner");
  xml.open("Buckets");
  for (const Bucket& bucket : buckets) {
    xml.open("Bucket");
    xml.element("Name", bucket.name);
    xml.element("CreationDate", format_millis(bucket.created));
    xml.close();
  }
  xml.close();
  xml.close();
  return xml_answer(call, xml);
}

http::Response create_bucket(Call& call) {
  const std::string& name = call.resource.bucket;
  refuse_unsupported(call.request.headers);
  const auto location = parse_location(read_document(call.request, call.caller, kMaxXmlBody));
  if (!valid_bucket_name(name)) {
    throw S3Error(S3Code::InvalidBucketName, {}, {{"BucketName", name}});
  }
  if (location && *location != call.region) {
    throw S3Error(S3Code::InvalidLocationConstraint,
                  "This store is in the region " + call.region + "; name that one or none",
                  {{"LocationConstraint", *location}});
  }
  call.store.index.write([&](db::Connection& db) {
    if (!find_bucket(db, name)) return insert_bucket(db, name, call.now);
    if (call.region != kForgivingRegion) {
      throw S3Error(S3Code::BucketAlreadyOwnedByYou, {}, {{"BucketName", name}});
    }
  });
  http::Response response = answer(call);
  response.headers.add("Location", "/" + name);
  return response;
}

http::Response head_bucket(Call& call) {
  call.store.index.read([&](db::Connection& db) { require_bucket(db, call.resource.bucket); });
  http::Response response = answer(call);
  response.headers.add("x-amz-bucket-region", call.region);
  return response;
}

http::Response delete_bucket(Call& call) {
  Blobs freed;
  call.store.index.write([&](db::Connection& db) {
    const Bucket bucket = require_bucket(db, call.resource.bucket);
    if (has_objects(db, bucket)) {
      throw S3Error(S3Code::BucketNotEmpty, {}, {{"BucketName", bucket.name}});
    }
    freed = remove_bucket(db, bucket);
  });
  call.store.graveyard.bury(freed);
  return answer(call, 204);
}

}  // namespace trainyard::gateway
