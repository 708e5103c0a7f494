#include <utility>

#include "gateway/object_headers.hpp"
#include "gateway/object_write.hpp"
#include "gateway/operations.hpp"

namespace trainyard::gateway {

http::Response put_object(Call& call) {
  if (call.header("x-amz-copy-source")) return copy_object(call);
  check_key(call.resource.key);
  refuse_unsupported(call.request.headers);
  ObjectRecord object;
  object.key = call.resource.key;
  object.headers = to_text(stored_headers(call.request.headers));
  object.modified = call.now;
  const WriteCondition condition = write_condition(call.request.headers);
  Payload payload(call.request, call.caller);
  payload.compute(kDefaultChecksum);

  // Before the body is sent for nothing; asked again when it is there.
  call.store.index.read([&](db::Connection& db) {
    const Bucket bucket = require_bucket(db, call.resource.bucket);
    check(condition, find_object(db, bucket, object.key), object.key);
  });
  std::vector<NewPiece> pieces;
  pieces.push_back(receive(call, payload));
  const Piece& piece = pieces.front().piece;
  object.size = piece.size;
  object.etag = piece.etag;
  object.checksum = piece.checksum;

  http::Response response = answer(call);
  response.headers.add("ETag", quote_etag(object.etag));
  add_checksum(response.headers, payload.checksum());
  commit_object(call, condition, std::move(object), std::move(pieces));
  return response;
}

}  // namespace trainyard::gateway
