#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/strings.hpp"
#include "gateway/conditions.hpp"
#include "gateway/http_date.hpp"
#include "gateway/object_headers.hpp"
#include "gateway/operations.hpp"
#include "gateway/ranges.hpp"
#include "gateway/s3_error.hpp"
#include "gateway/xml_requests.hpp"

namespace trainyard::gateway {
namespace {

struct Found {
  ObjectRecord object;
  std::optional<ByteRange> part;  // asked for by number, or by Range: the answer is a 206
  int parts = 0;                  // set when a part was asked for
  std::vector<Slice> slices;      // what is to be sent
  Condition condition = Condition::Holds;

  ByteRange sent() const { return part.value_or(ByteRange{0, object.size}); }
};

// ?partNumber=: a part of a multipart object; any other object is its own part 1.
ByteRange range_of_part(const ObjectRecord& object, const std::vector<Piece>& pieces, int number) {
  if (object.parts == 0 && number == 1) return {0, object.size};
  for (const Piece& piece : pieces) {
    if (object.parts > 0 && piece.number == number) return {piece.start, piece.size};
  }
  throw S3Error(S3Code::InvalidPartNumber, {},
                {{"PartNumberRequested", std::to_string(number)},
                 {"ActualPartCount", std::to_string(std::max(1, object.parts))}});
}

Found find(Call& call, db::Connection& db) {
  const auto number = number_in_query(call, "partNumber", 1, int(kMaxParts));
  const auto range = call.header("range");
  if (number && range) {
    throw S3Error(S3Code::InvalidRequest,
                  "Cannot specify both Range header and partNumber query parameter");
  }
  const Bucket bucket = require_bucket(db, call.resource.bucket);
  Found out;
  out.object = require_object(db, bucket, call.resource.key);
  out.condition = evaluate(call.request.headers, "", {out.object.etag, out.object.modified});
  if (out.condition != Condition::Holds) return out;

  std::vector<Piece> pieces = pieces_of(db, out.object.content);
  if (number) {
    out.part = range_of_part(out.object, pieces, *number);
    out.parts = out.object.parts;
  } else if (range) {
    out.part = parse_range(*range, out.object.size);
  }
  if (!call.request.head()) {
    out.slices = slices_of(db, out.object.content, std::move(pieces), out.sent());
  }
  return out;
}

void override_headers(const Call& call, http::Headers& headers) {
  constexpr std::array<std::string_view, 6> kNames = {
      "content-type",  "content-language",    "expires",
      "cache-control", "content-disposition", "content-encoding"};
  for (const std::string_view name : kNames) {
    const auto value = call.query("response-" + std::string(name));
    if (!value) continue;
    if (value->find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      throw S3Error(S3Code::InvalidArgument, "A response header may not hold a line end");
    }
    headers.set(name, *value);
  }
}

void add_headers(const Call& call, const Found& found, http::Headers& headers) {
  const ObjectRecord& object = found.object;
  const auto& kept = headers_from_text(object.headers);
  for (const auto& [name, value] : kept.items()) headers.add(name, value);
  headers.add("Last-Modified", format_http_date(object.modified));
  headers.add("ETag", quote_etag(object.etag));
  headers.add("Accept-Ranges", "bytes");
  if (found.parts > 0) headers.add("x-amz-mp-parts-count", std::to_string(found.parts));
  // A checksum is of the whole object, so it goes with the whole object and with nothing else.
  const bool whole =
      found.condition == Condition::Holds && found.sent() == ByteRange{0, object.size};
  if (whole && iequals(call.header("x-amz-checksum-mode").value_or(""), "ENABLED")) {
    add_checksum(headers, checksum_from_text(object.checksum));
  }
  override_headers(call, headers);
}

// One piece goes from its file to the socket by the kernel; several are read one after the other.
http::Body body_of(Call& call, std::vector<Slice> slices, std::uint64_t length,
                   Graveyard::Visit visit) {
  if (slices.empty()) return std::string();
  Slice& first = slices.front();
  if (slices.size() == 1 && first.piece.blob.empty()) {
    return first.piece.bytes.substr(std::size_t(first.offset), std::size_t(first.length));
  }
  if (slices.size() == 1) {
    return http::FileBody{call.store.blobs.open(first.piece.blob), first.offset, first.length};
  }
  auto reader = std::make_shared<SliceReader>(call.store, std::move(slices),
                                              std::make_shared<Graveyard::Visit>(std::move(visit)));
  return http::PullBody{[reader] { return reader->next(); }, length};
}

}  // namespace

http::Response get_object(Call& call) {
  check_key(call.resource.key);
  check_version(call.query("versionId"));
  Graveyard::Visit visit = call.store.graveyard.visit();
  Found found = call.store.index.read([&](db::Connection& db) { return find(call, db); });
  if (found.condition == Condition::Failed) throw S3Error(S3Code::PreconditionFailed);

  http::Response response = answer(call);
  add_headers(call, found, response.headers);
  if (found.condition == Condition::NotModified) {
    response.status = 304;
    return response;
  }
  const ByteRange sent = found.sent();
  if (found.part && sent.length > 0) {
    response.status = 206;
    response.headers.add("Content-Range", content_range(sent, found.object.size));
  }
  if (call.request.head()) {
    response.headers.add("Content-Length", std::to_string(sent.length));
    return response;
  }
  response.body = body_of(call, std::move(found.slices), sent.length, std::move(visit));
  return response;
}

}  // namespace trainyard::gateway
