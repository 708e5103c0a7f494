#include "gateway/index.hpp"
#include "gateway/index_rows.hpp"

namespace trainyard::gateway {

std::optional<Bucket> find_bucket(db::Connection& db, const std::string& name) {
  db::Statement& row = db.prepare("SELECT id, created FROM buckets WHERE name = ?").bind(1, name);
  std::optional<Bucket> out;
  if (row.step()) out = Bucket{row.integer(0), name, time_at(row, 1)};
  row.reset();
  return out;
}

std::vector<Bucket> list_buckets(db::Connection& db) {
  db::Statement& row = db.prepare("SELECT id, name, created FROM buckets ORDER BY name");
  std::vector<Bucket> out;
  while (row.step()) out.push_back({row.integer(0), row.text(1), time_at(row, 2)});
  row.reset();
  return out;
}

void insert_bucket(db::Connection& db, const std::string& name, TimePoint now) {
  db.prepare("INSERT INTO buckets(name, created) VALUES (?, ?)")
      .bind(1, name)
      .bind(2, ticks_of(now))
      .run();
}

bool has_objects(db::Connection& db, const Bucket& bucket) {
  db::Statement& row =
      db.prepare("SELECT 1 FROM objects WHERE bucket = ? LIMIT 1").bind(1, bucket.id);
  const bool found = row.step();
  row.reset();
  return found;
}

Blobs remove_bucket(db::Connection& db, const Bucket& bucket) {
  db::Statement& row =
      db.prepare("SELECT content FROM uploads WHERE bucket = ?").bind(1, bucket.id);
  std::vector<std::int64_t> contents;
  while (row.step()) contents.push_back(row.integer(0));
  Blobs freed;
  for (const std::int64_t content : contents) {
    Blobs blobs = remove_pieces(db, content);
    freed.insert(freed.end(), blobs.begin(), blobs.end());
  }
  db.prepare("DELETE FROM uploads WHERE bucket = ?").bind(1, bucket.id).run();
  db.prepare("DELETE FROM buckets WHERE id = ?").bind(1, bucket.id).run();
  return freed;
}

}  // namespace trainyard::gateway
