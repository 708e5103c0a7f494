#include <fmt/format.h>

#include <utility>

#include "base/hash.hpp"
#include "base/strings.hpp"
#include "gateway/object_headers.hpp"
#include "gateway/object_write.hpp"
#include "gateway/operations.hpp"
#include "gateway/ranges.hpp"
#include "gateway/s3_error.hpp"
#include "gateway/upload_rules.hpp"
#include "gateway/xml_requests.hpp"

namespace trainyard::gateway {
namespace {

struct Source {
  Resource resource;
  ObjectRecord object;
  std::vector<Piece> pieces;
  std::vector<Slice> slices;  // of the range to copy
  ByteRange range;
};

// x-amz-copy-source: "[/]bucket/key[?versionId=null]", percent-encoded.
Resource parse_copy_source(const Call& call) {
  const std::string header = *call.header("x-amz-copy-source");
  std::string_view text = trim(header);
  if (const std::size_t mark = text.rfind("?versionId="); mark != std::string_view::npos) {
    check_version(std::string(text.substr(mark + 11)));
    text = text.substr(0, mark);
  }
  std::string path(text);
  if (!path.starts_with('/')) path.insert(0, "/");
  Resource out = parse_resource(path);
  if (out.bucket.empty() || out.key.empty()) {
    throw S3Error(S3Code::InvalidArgument,
                  "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
                  {{"ArgumentName", "x-amz-copy-source"}, {"ArgumentValue", printable(header)}});
  }
  return out;
}

Source find_source(Call& call) {
  Source out;
  out.resource = parse_copy_source(call);
  call.store.index.read([&](db::Connection& db) {
    const Bucket bucket = require_bucket(db, out.resource.bucket);
    out.object = require_object(db, bucket, out.resource.key);
    out.pieces = pieces_of(db, out.object.content);
    const auto range = call.header("x-amz-copy-source-range");
    out.range = range ? parse_copy_range(*range, out.object.size) : ByteRange{0, out.object.size};
    out.slices = slices_of(db, out.object.content, out.pieces, out.range);
  });
  const Condition condition =
      evaluate(call.request.headers, "x-amz-copy-source-", {out.object.etag, out.object.modified});
  if (condition != Condition::Holds) throw S3Error(S3Code::PreconditionFailed);
  return out;
}

using Visit = std::shared_ptr<Graveyard::Visit>;

// The pieces of a whole object again: other names for the same blobs, no bytes are moved.
std::vector<NewPiece> duplicate(Call& call, const Source& source) {
  std::vector<NewPiece> out;
  for (const Slice& slice : source.slices) {
    NewPiece copy{slice.piece, std::nullopt};
    if (!slice.piece.blob.empty()) {
      copy.blob.emplace(call.store.blobs.duplicate(slice.piece.blob));
      copy.piece.blob = copy.blob->name();
    }
    out.push_back(std::move(copy));
  }
  if (out.empty()) out.push_back(NewPiece{source.pieces.front(), std::nullopt});  // no bytes
  return out;
}

Checksum make_checksum(Call& call, const Source& source, ChecksumAlgorithm algorithm,
                       const Visit& visit) {
  ChecksumState state(algorithm);
  SliceReader reader(call.store, source.slices, visit);
  for (std::string bytes = reader.next(); !bytes.empty(); bytes = reader.next()) {
    state.update(bytes);
  }
  return state.finish();
}

// Bytes of the source as a part with an entity tag of its own.
NewPiece copy_bytes(Call& call, const Source& source, ChecksumAlgorithm algorithm,
                    const Visit& visit) {
  Hasher md5(Digest::Md5);
  ChecksumState checksum(algorithm);
  PieceWriter writer(call.store, source.range.length);
  SliceReader reader(call.store, source.slices, visit);
  for (std::string bytes = reader.next(); !bytes.empty(); bytes = reader.next()) {
    md5.update(bytes);
    checksum.update(bytes);
    writer.write(bytes);
  }
  NewPiece out = writer.finish();
  out.piece.etag = to_hex(md5.finish());
  out.piece.checksum = to_text(checksum.finish());
  return out;
}

std::optional<ChecksumAlgorithm> wanted_checksum(const Call& call) {
  const auto name = call.header("x-amz-checksum-algorithm");
  if (!name) return std::nullopt;
  const auto algorithm = algorithm_named(*name);
  if (!algorithm) {
    throw S3Error(S3Code::InvalidRequest, "Checksum algorithm provided is unsupported.");
  }
  return algorithm;
}

bool replaces_headers(const Call& call) {
  const std::string directive = call.header("x-amz-metadata-directive").value_or("COPY");
  if (directive == "REPLACE") return true;
  if (directive == "COPY") return false;
  throw S3Error(S3Code::InvalidArgument, "Unknown metadata directive.",
                {{"ArgumentName", "x-amz-metadata-directive"}});
}

http::Response copy_result(Call& call, std::string_view root, const std::string& etag,
                           const std::optional<Checksum>& checksum) {
  XmlWriter xml;
  xml.open(root, kS3Namespace);
  xml.element("LastModified", format_millis(call.now));
  xml.element("ETag", quote_etag(etag));
  if (checksum) {
    xml.element(element_of(checksum->algorithm), checksum->value);
    xml.element("ChecksumType", name_of(checksum->type));
  }
  xml.close();
  return xml_answer(call, xml);
}

}  // namespace

http::Response copy_object(Call& call) {
  check_key(call.resource.key);
  refuse_unsupported(call.request.headers);
  const bool replace = replaces_headers(call);
  const std::optional<ChecksumAlgorithm> asked = wanted_checksum(call);
  const WriteCondition condition = write_condition(call.request.headers);
  const auto visit = std::make_shared<Graveyard::Visit>(call.store.graveyard.visit());
  const Source source = find_source(call);
  const bool onto_itself =
      source.resource.bucket == call.resource.bucket && source.resource.key == call.resource.key;
  if (onto_itself && !replace) {
    throw S3Error(S3Code::InvalidRequest,
                  "This copy request is illegal because it is trying to copy an object to itself "
                  "without changing the object's metadata, storage class, website redirect "
                  "location or encryption attributes.");
  }
  auto checksum = checksum_from_text(source.object.checksum);
  const ChecksumAlgorithm wanted =
      asked.value_or(checksum ? checksum->algorithm : kDefaultChecksum);
  if (!checksum || checksum->algorithm != wanted) {
    checksum = make_checksum(call, source, wanted, visit);
  }
  ObjectRecord object = source.object;
  object.key = call.resource.key;
  object.modified = call.now;
  object.checksum = to_text(checksum);
  if (replace) object.headers = to_text(stored_headers(call.request.headers));
  commit_object(call, condition, object, duplicate(call, source));
  return copy_result(call, "CopyObjectResult", object.etag, checksum);
}

http::Response upload_part_copy(Call& call) {
  const int number = *number_in_query(call, "partNumber", 1, int(kMaxParts));
  const auto visit = std::make_shared<Graveyard::Visit>(call.store.graveyard.visit());
  const Upload upload =
      call.store.index.read([&](db::Connection& db) { return require_upload(call, db); });
  const Source source = find_source(call);
  if (source.range.length > kMaxPut) {
    throw S3Error(S3Code::InvalidRequest,
                  fmt::format("The specified copy source is larger than the maximum allowable "
                              "size for a copy source: {}",
                              kMaxPut));
  }
  NewPiece part = copy_bytes(call, source, algorithm_of(upload).value_or(kDefaultChecksum), visit);
  part.piece.number = number;
  part.piece.modified = call.now;
  const std::string etag = part.piece.etag;
  const auto checksum = checksum_from_text(part.piece.checksum);
  commit_part(call, std::move(part));
  return copy_result(call, "CopyPartResult", etag, checksum);
}

}  // namespace trainyard::gateway
