#include "gateway/index.hpp"
#include "gateway/index_rows.hpp"

namespace trainyard::gateway {

std::optional<ObjectRecord> find_object(db::Connection& db, const Bucket& bucket,
                                        const std::string& key) {
  db::Statement& row = db.prepare(
                             "SELECT size, modified, etag, content, parts, checksum, headers "
                             "FROM objects WHERE bucket = ? AND key = ?")
                           .bind(1, bucket.id)
                           .bind_blob(2, key);
  std::optional<ObjectRecord> out;
  if (row.step()) {
    out = ObjectRecord{key,
                       std::uint64_t(row.integer(0)),
                       time_at(row, 1),
                       row.text(2),
                       row.integer(3),
                       int(row.integer(4)),
                       row.text(5),
                       row.text(6)};
  }
  row.reset();
  return out;
}

Blobs put_object(db::Connection& db, const Bucket& bucket, const ObjectRecord& object) {
  Blobs freed = remove_object(db, bucket, object.key);
  db.prepare(
        "INSERT INTO objects(bucket, key, size, modified, etag, content, parts, checksum, headers) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(1, bucket.id)
      .bind_blob(2, object.key)
      .bind(3, std::int64_t(object.size))
      .bind(4, ticks_of(object.modified))
      .bind(5, object.etag)
      .bind(6, object.content)
      .bind(7, std::int64_t(object.parts))
      .bind(8, object.checksum)
      .bind(9, object.headers)
      .run();
  return freed;
}

Blobs remove_object(db::Connection& db, const Bucket& bucket, const std::string& key) {
  db::Statement& row = db.prepare("SELECT content FROM objects WHERE bucket = ? AND key = ?")
                           .bind(1, bucket.id)
                           .bind_blob(2, key);
  if (!row.step()) return {};
  const std::int64_t content = row.integer(0);
  row.reset();
  db.prepare("DELETE FROM objects WHERE bucket = ? AND key = ?")
      .bind(1, bucket.id)
      .bind_blob(2, key)
      .run();
  return remove_pieces(db, content);
}

void scan_objects(db::Connection& db, const Bucket& bucket, const std::string& from, Bound bound,
                  const std::function<bool(ObjectRecord&&)>& visit) {
  db::Statement& row = db.prepare(bound == Bound::Inclusive
                                      ? "SELECT key, size, modified, etag, checksum FROM objects "
                                        "WHERE bucket = ? AND key >= ? ORDER BY key"
                                      : "SELECT key, size, modified, etag, checksum FROM objects "
                                        "WHERE bucket = ? AND key > ? ORDER BY key")
                           .bind(1, bucket.id)
                           .bind_blob(2, from);
  while (row.step()) {
    ObjectRecord object;
    object.key = row.text(0);
    object.size = std::uint64_t(row.integer(1));
    object.modified = time_at(row, 2);
    object.etag = row.text(3);
    object.checksum = row.text(4);
    if (!visit(std::move(object))) break;
  }
  row.reset();
}

}  // namespace trainyard::gateway
