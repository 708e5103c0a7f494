#include "gateway/index.hpp"
#include "gateway/index_rows.hpp"

namespace trainyard::gateway {
namespace {

Upload upload_in(const db::Statement& row) {
  return {row.text(0), row.text(1), time_at(row, 2), row.integer(3),
          row.text(4), row.text(5), row.text(6)};
}

}  // namespace

void insert_upload(db::Connection& db, const Bucket& bucket, const Upload& upload) {
  db.prepare(
        "INSERT INTO uploads(bucket, key, id, started, content, algorithm, type, headers) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(1, bucket.id)
      .bind_blob(2, upload.key)
      .bind(3, upload.id)
      .bind(4, ticks_of(upload.started))
      .bind(5, upload.content)
      .bind(6, upload.algorithm)
      .bind(7, upload.type)
      .bind(8, upload.headers)
      .run();
}

std::optional<Upload> find_upload(db::Connection& db, const Bucket& bucket, const std::string& key,
                                  const std::string& id) {
  db::Statement& row = db.prepare(
                             "SELECT key, id, started, content, algorithm, type, headers "
                             "FROM uploads WHERE bucket = ? AND key = ? AND id = ?")
                           .bind(1, bucket.id)
                           .bind_blob(2, key)
                           .bind(3, id);
  std::optional<Upload> out;
  if (row.step()) out = upload_in(row);
  row.reset();
  return out;
}

void remove_upload(db::Connection& db, const Bucket& bucket, const Upload& upload) {
  db.prepare("DELETE FROM uploads WHERE bucket = ? AND key = ? AND id = ?")
      .bind(1, bucket.id)
      .bind_blob(2, upload.key)
      .bind(3, upload.id)
      .run();
}

void scan_uploads(db::Connection& db, const Bucket& bucket, const std::string& key,
                  const std::string& id, const std::function<bool(Upload&&)>& visit) {
  db::Statement& row = db.prepare(
                             "SELECT key, id, started, content, algorithm, type, headers "
                             "FROM uploads WHERE bucket = ? AND (key, id) > (?, ?) "
                             "ORDER BY key, id")
                           .bind(1, bucket.id)
                           .bind_blob(2, key)
                           .bind(3, id);
  while (row.step() && visit(upload_in(row))) {
  }
  row.reset();
}

}  // namespace trainyard::gateway
