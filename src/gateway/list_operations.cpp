#include "base/hash.hpp"
#include "gateway/conditions.hpp"
#include "gateway/listing.hpp"
#include "gateway/operations.hpp"
#include "gateway/s3_error.hpp"

namespace trainyard::gateway {
namespace {

enum class Form { V1, V2, Versions };

struct Request {
  Form form = Form::V1;
  ListQuery page;
  KeyEncoding encoding = KeyEncoding::Plain;
  bool owner = false;
};

std::string decode_token(const std::string& token) {
  try {
    return base64url_decode(token);
  } catch (const Error&) {
    throw S3Error(S3Code::InvalidArgument, "The continuation token provided is incorrect",
                  {{"ArgumentName", "continuation-token"}});
  }
}

std::string start_of(const Call& call, Form form) {
  switch (form) {
    case Form::V1:
      return call.query("marker").value_or("");
    case Form::Versions:
      return call.query("key-marker").value_or("");
    case Form::V2:
      break;
  }
  const auto token = call.query("continuation-token");
  if (token && token->empty()) {
    throw S3Error(S3Code::InvalidArgument, "The continuation token provided is incorrect",
                  {{"ArgumentName", "continuation-token"}});
  }
  return token ? decode_token(*token) : call.query("start-after").value_or("");
}

Request request_of(const Call& call, Form form) {
  Request out;
  out.form = form;
  out.page.prefix = call.query("prefix").value_or("");
  out.page.delimiter = call.query("delimiter").value_or("");
  out.page.after = start_of(call, form);
  out.page.max_keys = page_size(call, "max-keys");
  out.encoding = key_encoding(call);
  out.owner = form != Form::V2 || call.query("fetch-owner").value_or("") == "true";
  return out;
}

Listing run(Call& call, const Request& request) {
  return call.store.index.read([&](db::Connection& db) {
    const Bucket bucket = require_bucket(db, call.resource.bucket);
    const KeyScan scan = [&](const std::string& from, Bound bound, const auto& visit) {
      scan_objects(db, bucket, from, bound, visit);
    };
    return list_page(scan, request.page);
  });
}

void write_object(XmlWriter& xml, const Request& request, const ObjectRecord& object) {
  xml.open(request.form == Form::Versions ? "Version" : "Contents");
  xml.key("Key", object.key, request.encoding);
  if (request.form == Form::Versions) {
    xml.element("VersionId", "null");
    xml.element("IsLatest", "true");
  }
  xml.element("LastModified", format_millis(object.modified));
  xml.element("ETag", quote_etag(object.etag));
  if (const auto checksum = checksum_from_text(object.checksum)) {
    xml.element("ChecksumAlgorithm", name_of(checksum->algorithm));
    xml.element("ChecksumType", name_of(checksum->type));
  }
  xml.element("Size", object.size);
  if (request.owner) write_owner(xml, "Owner");
  xml.element("StorageClass", "STANDARD");
  xml.close();
}

// Where the page began and where the next one begins, in the words of each form.
void write_position(XmlWriter& xml, const Call& call, const Request& request,
                    const Listing& listing) {
  switch (request.form) {
    case Form::V1:
      xml.key("Marker", request.page.after, request.encoding);
      if (listing.truncated && !request.page.delimiter.empty()) {
        xml.key("NextMarker", listing.last, request.encoding);
      }
      break;
    case Form::Versions:
      xml.key("KeyMarker", request.page.after, request.encoding);
      xml.element("VersionIdMarker", call.query("version-id-marker").value_or(""));
      if (listing.truncated) {
        xml.key("NextKeyMarker", listing.last, request.encoding);
        xml.element("NextVersionIdMarker", "null");
      }
      break;
    case Form::V2:
      if (const auto token = call.query("continuation-token")) {
        xml.element("ContinuationToken", *token);
      }
      if (const auto start = call.query("start-after")) {
        xml.key("StartAfter", *start, request.encoding);
      }
      if (listing.truncated) {
        xml.element("NextContinuationToken", base64url_encode(listing.last));
      }
      xml.element("KeyCount", listing.objects.size() + listing.prefixes.size());
      break;
  }
}

http::Response list(Call& call, Form form) {
  const Request request = request_of(call, form);
  const Listing listing = run(call, request);
  XmlWriter xml;
  xml.open(form == Form::Versions ? "ListVersionsResult" : "ListBucketResult", kS3Namespace);
  xml.element("Name", call.resource.bucket);
  xml.key("Prefix", request.page.prefix, request.encoding);
  write_position(xml, call, request, listing);
  xml.element("MaxKeys", request.page.max_keys);
  if (!request.page.delimiter.empty()) {
    xml.key("Delimiter", request.page.delimiter, request.encoding);
  }
  if (request.encoding == KeyEncoding::Url) xml.element("EncodingType", "url");
  xml.element("IsTruncated", listing.truncated ? "true" : "false");
  for (const ObjectRecord& object : listing.objects) write_object(xml, request, object);
  for (const std::string& prefix : listing.prefixes) {
    xml.open("CommonPrefixes");
    xml.key("Prefix", prefix, request.encoding);
    xml.close();
  }
  xml.close();
  http::Response response = xml_answer(call, xml);
  response.headers.add("x-amz-bucket-region", call.region);
  return response;
}

}  // namespace

http::Response list_objects(Call& call) {
  const std::string type = call.query("list-type").value_or("1");
  if (type != "1" && type != "2") {
    throw S3Error(S3Code::InvalidArgument, "list-type must be 2 or absent",
                  {{"ArgumentName", "list-type"}});
  }
  return list(call, type == "2" ? Form::V2 : Form::V1);
}

http::Response list_object_versions(Call& call) { return list(call, Form::Versions); }

}  // namespace trainyard::gateway
