#include "gateway/index.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace trainyard::gateway {
namespace {

constexpr std::int64_t kReaderCacheKib = 256;  // the kernel's page cache holds the file anyway

constexpr std::array<std::string_view, 1> kMigrations = {R"sql(
CREATE TABLE buckets(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  created INTEGER NOT NULL);
CREATE TABLE objects(
  bucket INTEGER NOT NULL REFERENCES buckets(id),
  key BLOB NOT NULL,
  size INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  etag TEXT NOT NULL,
  content INTEGER NOT NULL,
  parts INTEGER NOT NULL,
  checksum TEXT NOT NULL,
  headers TEXT NOT NULL,
  PRIMARY KEY(bucket, key)) WITHOUT ROWID;
CREATE TABLE pieces(
  content INTEGER NOT NULL,
  number INTEGER NOT NULL,
  start INTEGER NOT NULL,
  size INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  blob TEXT,
  etag TEXT NOT NULL,
  checksum TEXT NOT NULL,
  bytes BLOB,
  PRIMARY KEY(content, number)) WITHOUT ROWID;
CREATE UNIQUE INDEX pieces_by_blob ON pieces(blob) WHERE blob IS NOT NULL;
CREATE TABLE uploads(
  bucket INTEGER NOT NULL REFERENCES buckets(id),
  key BLOB NOT NULL,
  id TEXT NOT NULL,
  started INTEGER NOT NULL,
  content INTEGER NOT NULL,
  algorithm TEXT NOT NULL,
  type TEXT NOT NULL,
  headers TEXT NOT NULL,
  PRIMARY KEY(bucket, key, id)) WITHOUT ROWID;
CREATE TABLE contents(next INTEGER NOT NULL);
INSERT INTO contents VALUES (1);
)sql"};

db::Connection open_writer(const std::filesystem::path& path) {
  db::Connection connection({.path = path});
  db::migrate(connection, path, kMigrations);
  return connection;
}

}  // namespace

Index::Index(const std::filesystem::path& path) : path_(path), queue_(open_writer(path)) {}

Index::Lease::Lease(Index& index) : index_(index) {
  {
    auto idle = index.idle_.lock();
    if (!idle->empty()) {
      connection_ = std::move(idle->back());
      idle->pop_back();
    }
  }
  if (!connection_) {
    connection_ = std::make_unique<db::Connection>(
        db::OpenOptions{.path = index.path_, .read_only = true, .cache_kib = kReaderCacheKib});
  }
  connection_->execute("BEGIN");
}

Index::Lease::~Lease() {
  try {
    connection_->execute("ROLLBACK");
    index_.idle_.lock()->push_back(std::move(connection_));
  } catch (const std::exception&) {
    // A connection in doubt is closed.
  }
}

Totals totals(db::Connection& db) {
  db::Statement& row = db.prepare(
      "SELECT (SELECT count(*) FROM buckets), count(*), coalesce(sum(size), 0) FROM objects");
  row.step();
  const Totals out{std::uint64_t(row.integer(0)), std::uint64_t(row.integer(1)),
                   std::uint64_t(row.integer(2))};
  row.reset();
  return out;
}

}  // namespace trainyard::gateway
