#include "gateway/object_write.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/hash.hpp"
#include "gateway/s3_error.hpp"

namespace trainyard::gateway {

namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;

// The MD5 of the bytes; where it was spared, of what else tells them apart.
std::string etag_of(const Payload& payload) {
  if (!payload.md5().empty()) return to_hex(payload.md5());
  return to_hex(
      digest(Digest::Md5, fmt::format("{} {}", to_text(payload.checksum()), payload.length())));
}

}  // namespace

NewPiece receive(Call& call, Payload& payload) {
  if (payload.length() > kMaxPut) {
    throw S3Error(S3Code::EntityTooLarge, {},
                  {{"ProposedSize", std::to_string(payload.length())},
                   {"MaxSizeAllowed", std::to_string(kMaxPut)}});
  }
  PieceWriter writer(call.store, payload.length());
  const std::size_t size = std::clamp<std::uint64_t>(payload.length(), 1, kBufferBytes);
  const auto buffer = std::make_unique_for_overwrite<char[]>(size);
  while (const std::size_t count = payload.read({buffer.get(), size})) {
    writer.write({buffer.get(), count});
  }
  NewPiece out = writer.finish();
  out.piece.etag = etag_of(payload);
  out.piece.checksum = to_text(payload.checksum());
  out.piece.modified = call.now;
  return out;
}

void commit_object(Call& call, const WriteCondition& condition, ObjectRecord object,
                   std::vector<NewPiece> pieces) {
  Blobs freed;
  call.store.index.write([&](db::Connection& db) {
    const Bucket bucket = require_bucket(db, call.resource.bucket);
    check(condition, find_object(db, bucket, object.key), object.key);
    object.content = new_content(db);
    for (const NewPiece& piece : pieces) put_piece(db, object.content, piece.piece);
    freed = put_object(db, bucket, object);
  });
  for (NewPiece& piece : pieces) piece.keep();
  call.store.graveyard.bury(freed);
}

}  // namespace trainyard::gateway
