#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>

#include "base/hash.hpp"
#include "base/strings.hpp"
#include "gateway/conditions.hpp"
#include "gateway/operations.hpp"
#include "gateway/payload.hpp"
#include "gateway/s3_error.hpp"
#include "gateway/upload_rules.hpp"
#include "gateway/xml_requests.hpp"

namespace trainyard::gateway {
namespace {

struct Chosen {
  std::vector<Piece> pieces;  // as listed, with their places in the object
  std::uint64_t size = 0;
};

[[noreturn]] void invalid_part(const CompleteRequest::Part& part) {
  throw S3Error(S3Code::InvalidPart, {},
                {{"PartNumber", std::to_string(part.number)}, {"ETag", printable(part.etag)}});
}

void check_part_checksums(const CompleteRequest::Part& listed, const Piece& piece) {
  const auto stored = checksum_from_text(piece.checksum);
  for (const auto& [element, value] : listed.checksums) {
    const auto algorithm = algorithm_of_element(element);
    if (algorithm && stored && stored->algorithm == *algorithm && stored->value != value) {
      invalid_part(listed);
    }
  }
}

// The pieces that the client lists, which must be there as it says, in order, and large enough.
Chosen choose(const CompleteRequest& request, std::vector<Piece> uploaded) {
  std::map<int, Piece> by_number;
  for (Piece& piece : uploaded) by_number.emplace(piece.number, std::move(piece));
  Chosen out;
  for (const CompleteRequest::Part& listed : request.parts) {
    if (!out.pieces.empty() && listed.number <= out.pieces.back().number) {
      throw S3Error(S3Code::InvalidPartOrder);
    }
    const auto found = by_number.find(listed.number);
    if (found == by_number.end() || found->second.etag != listed.etag) invalid_part(listed);
    check_part_checksums(listed, found->second);
    if (!out.pieces.empty() && out.pieces.back().size < kMinPart) {
      const Piece& small = out.pieces.back();
      throw S3Error(S3Code::EntityTooSmall, {},
                    {{"ProposedSize", std::to_string(small.size)},
                     {"MinSizeAllowed", std::to_string(kMinPart)},
                     {"PartNumber", std::to_string(small.number)},
                     {"ETag", small.etag}});
    }
    Piece piece = std::move(found->second);
    piece.start = out.size;
    out.size += piece.size;
    out.pieces.push_back(std::move(piece));
  }
  return out;
}

// The MD5 of the parts' MD5s, and how many they are.
std::string etag_of(const CompleteRequest& request) {
  Hasher md5(Digest::Md5);
  for (const CompleteRequest::Part& part : request.parts) {
    try {
      md5.update(from_hex(part.etag));
    } catch (const Error&) {
      invalid_part(part);
    }
  }
  return fmt::format("{}-{}", to_hex(md5.finish()), request.parts.size());
}

// None when the parts have none, or each another: of an upload that began without a choice.
std::optional<Checksum> checksum_of(const Upload& upload, const Chosen& chosen) {
  const ChecksumAlgorithm algorithm = algorithm_of(upload).value_or(kDefaultChecksum);
  const ChecksumType type = type_named(upload.type).value_or(ChecksumType::FullObject);
  std::vector<PartChecksum> parts;
  for (const Piece& piece : chosen.pieces) {
    const auto checksum = checksum_from_text(piece.checksum);
    if (!checksum || checksum->algorithm != algorithm) return std::nullopt;
    parts.push_back({checksum->value, piece.size});
  }
  return combine(algorithm, type, parts);
}

// What the client expects of the whole.
void check_expectations(const Call& call, const std::optional<Checksum>& checksum,
                        std::uint64_t size) {
  if (checksum) {
    const auto expected = call.header(header_of(checksum->algorithm));
    if (expected && *expected != checksum->value) {
      throw S3Error(S3Code::BadDigest,
                    fmt::format("The {} you specified did not match the calculated checksum.",
                                name_of(checksum->algorithm)));
    }
  }
  const auto expected_size = call.header("x-amz-mp-object-size");
  if (expected_size && parse_u64(*expected_size) != size) {
    throw S3Error(S3Code::InvalidRequest,
                  "The provided 'x-amz-mp-object-size' header does not match what was computed.");
  }
}

// Puts the chosen pieces in their places and drops the parts that were not listed.
Blobs assemble(db::Connection& db, std::int64_t content, const Chosen& chosen) {
  std::set<int> kept;
  for (const Piece& piece : chosen.pieces) {
    kept.insert(piece.number);
    place_piece(db, content, piece.number, piece.start);
  }
  Blobs freed;
  for (const Piece& piece : pieces_of(db, content)) {
    if (kept.contains(piece.number)) continue;
    const Blobs dropped = remove_piece(db, content, piece.number);
    freed.insert(freed.end(), dropped.begin(), dropped.end());
  }
  return freed;
}

struct Completion {
  ObjectRecord object;
  Blobs freed;
};

Completion complete(Call& call, db::Connection& db, const CompleteRequest& request) {
  const Bucket bucket = require_bucket(db, call.resource.bucket);
  const auto current = find_object(db, bucket, call.resource.key);
  const auto upload =
      find_upload(db, bucket, call.resource.key, call.query("uploadId").value_or(""));
  Completion out;
  out.object.etag = etag_of(request);
  if (!upload) {
    // A client that lost the answer asks again, and finds its object there.
    if (current && current->etag == out.object.etag) return {*current, {}};
    require_upload(call, db);
  }
  check(write_condition(call.request.headers), current, call.resource.key);
  const Chosen chosen = choose(request, pieces_of(db, upload->content));
  const auto checksum = checksum_of(*upload, chosen);
  check_expectations(call, checksum, chosen.size);

  out.freed = assemble(db, upload->content, chosen);
  out.object.key = call.resource.key;
  out.object.size = chosen.size;
  out.object.modified = call.now;
  out.object.content = upload->content;
  out.object.parts = int(chosen.pieces.size());
  out.object.checksum = to_text(checksum);
  out.object.headers = upload->headers;
  const Blobs replaced = put_object(db, bucket, out.object);
  out.freed.insert(out.freed.end(), replaced.begin(), replaced.end());
  remove_upload(db, bucket, *upload);
  return out;
}

}  // namespace

http::Response complete_upload(Call& call) {
  const CompleteRequest request =
      parse_complete(read_document(call.request, call.caller, kMaxXmlBody, ChecksumOf::Object));
  Completion done;
  call.store.index.write([&](db::Connection& db) { done = complete(call, db, request); });
  call.store.graveyard.bury(done.freed);

  XmlWriter xml;
  xml.open("CompleteMultipartUploadResult", kS3Namespace);
  xml.element("Location", (call.request.secure ? "https://" : "http://") +
                              call.header("host").value_or("") + call.request.raw_path);
  xml.element("Bucket", call.resource.bucket);
  xml.element("Key", done.object.key);
  xml.element("ETag", quote_etag(done.object.etag));
  if (const auto checksum = checksum_from_text(done.object.checksum)) {
    xml.element(element_of(checksum->algorithm), checksum->value);
    xml.element("ChecksumType", name_of(checksum->type));
  }
  xml.close();
  return xml_answer(call, xml);
}

}  // namespace trainyard::gateway
