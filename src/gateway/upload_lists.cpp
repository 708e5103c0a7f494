#include <utility>

#include "gateway/conditions.hpp"
#include "gateway/listing.hpp"
#include "gateway/operations.hpp"
#include "gateway/s3_error.hpp"
#include "gateway/upload_rules.hpp"
#include "gateway/xml_requests.hpp"

namespace trainyard::gateway {
namespace {

struct PartsPage {
  Upload upload;
  std::vector<Piece> parts;
  bool truncated = false;
};

PartsPage parts_page(const Call& call, db::Connection& db, int marker, std::size_t max) {
  PartsPage out;
  out.upload = require_upload(call, db);
  for (Piece& part : pieces_of(db, out.upload.content)) {
    if (part.number <= marker) continue;
    if (out.parts.size() == max) {
      out.truncated = max > 0;
      break;
    }
    out.parts.push_back(std::move(part));
  }
  return out;
}

void write_part(XmlWriter& xml, const Piece& part) {
  xml.open("Part");
  xml.element("PartNumber", std::uint64_t(part.number));
  xml.element("LastModified", format_millis(part.modified));
  xml.element("ETag", quote_etag(part.etag));
  if (const auto checksum = checksum_from_text(part.checksum)) {
    xml.element(element_of(checksum->algorithm), checksum->value);
  }
  xml.element("Size", part.size);
  xml.close();
}

void write_upload(XmlWriter& xml, const Upload& upload, KeyEncoding encoding) {
  xml.open("Upload");
  xml.key("Key", upload.key, encoding);
  xml.element("UploadId", upload.id);
  write_owner(xml, "Initiator");
  write_owner(xml, "Owner");
  xml.element("StorageClass", "STANDARD");
  xml.element("Initiated", format_millis(upload.started));
  if (!upload.algorithm.empty()) {
    xml.element("ChecksumAlgorithm", upload.algorithm);
    xml.element("ChecksumType", upload.type);
  }
  xml.close();
}

// A page of uploads is a page of keys where a key may come several times; the uploads themselves
// are kept beside it.
struct UploadsPage {
  Listing listing;
  std::vector<Upload> uploads;
};

UploadsPage uploads_page(const Call& call, db::Connection& db, const ListQuery& query,
                         const std::string& id_marker) {
  const Bucket bucket = require_bucket(db, call.resource.bucket);
  UploadsPage out;
  const KeyScan scan = [&](const std::string& from, Bound bound, const auto& visit) {
    // Behind every id of the marker's key, or behind the marker's id.
    const bool at_marker = bound == Bound::Exclusive;
    const std::string id = !at_marker ? "" : id_marker.empty() ? "\x7f" : id_marker;
    scan_uploads(db, bucket, from, id, [&](Upload&& upload) {
      ObjectRecord record;
      record.key = upload.key;
      const std::size_t listed = out.uploads.size();
      out.uploads.push_back(std::move(upload));
      const bool more = visit(std::move(record));
      if (!more) out.uploads.resize(listed);
      return more;
    });
  };
  out.listing = list_page(scan, query);
  return out;
}

}  // namespace

http::Response list_parts(Call& call) {
  const std::size_t max = page_size(call, "max-parts");
  const KeyEncoding encoding = key_encoding(call);
  const int marker = number_in_query(call, "part-number-marker", 0, 1 << 30).value_or(0);
  const PartsPage page =
      call.store.index.read([&](db::Connection& db) { return parts_page(call, db, marker, max); });
  XmlWriter xml;
  xml.open("ListPartsResult", kS3Namespace);
  xml.element("Bucket", call.resource.bucket);
  xml.key("Key", call.resource.key, encoding);
  xml.element("UploadId", page.upload.id);
  write_owner(xml, "Initiator");
  write_owner(xml, "Owner");
  xml.element("StorageClass", "STANDARD");
  xml.element("PartNumberMarker", std::uint64_t(marker));
  if (!page.parts.empty()) {
    xml.element("NextPartNumberMarker", std::uint64_t(page.parts.back().number));
  }
  xml.element("MaxParts", max);
  xml.element("IsTruncated", page.truncated ? "true" : "false");
  if (encoding == KeyEncoding::Url) xml.element("EncodingType", "url");
  if (!page.upload.algorithm.empty()) {
    xml.element("ChecksumAlgorithm", page.upload.algorithm);
    xml.element("ChecksumType", page.upload.type);
  }
  for (const Piece& part : page.parts) write_part(xml, part);
  xml.close();
  return xml_answer(call, xml);
}

http::Response list_uploads(Call& call) {
  const KeyEncoding encoding = key_encoding(call);
  const std::string id_marker = call.query("upload-id-marker").value_or("");
  ListQuery query;
  query.prefix = call.query("prefix").value_or("");
  query.delimiter = call.query("delimiter").value_or("");
  query.after = call.query("key-marker").value_or("");
  query.max_keys = page_size(call, "max-uploads");
  const UploadsPage page = call.store.index.read(
      [&](db::Connection& db) { return uploads_page(call, db, query, id_marker); });
  XmlWriter xml;
  xml.open("ListMultipartUploadsResult", kS3Namespace);
  xml.element("Bucket", call.resource.bucket);
  xml.key("KeyMarker", query.after, encoding);
  xml.element("UploadIdMarker", id_marker);
  if (page.listing.truncated) {
    xml.key("NextKeyMarker", page.listing.last, encoding);
    const bool at_upload = !page.uploads.empty() && page.uploads.back().key == page.listing.last;
    xml.element("NextUploadIdMarker", at_upload ? page.uploads.back().id : "");
  }
  xml.key("Prefix", query.prefix, encoding);
  if (!query.delimiter.empty()) xml.key("Delimiter", query.delimiter, encoding);
  if (encoding == KeyEncoding::Url) xml.element("EncodingType", "url");
  xml.element("MaxUploads", query.max_keys);
  xml.element("IsTruncated", page.listing.truncated ? "true" : "false");
  for (const Upload& upload : page.uploads) write_upload(xml, upload, encoding);
  for (const std::string& prefix : page.listing.prefixes) {
    xml.open("CommonPrefixes");
    xml.key("Prefix", prefix, encoding);
    xml.close();
  }
  xml.close();
  return xml_answer(call, xml);
}

}  // namespace trainyard::gateway
