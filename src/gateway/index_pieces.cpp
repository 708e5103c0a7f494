#include "gateway/index.hpp"
#include "gateway/index_rows.hpp"

namespace trainyard::gateway {
namespace {

// Of rows (blob); bytes that the index holds itself have none.
Blobs blobs_in(db::Statement& row) {
  Blobs out;
  while (row.step()) {
    if (!row.is_null(0)) out.push_back(row.text(0));
  }
  row.reset();
  return out;
}

}  // namespace

std::int64_t new_content(db::Connection& db) {
  db::Statement& row = db.prepare("UPDATE contents SET next = next + 1 RETURNING next");
  row.step();
  const std::int64_t content = row.integer(0);
  row.run();
  return content;
}

void put_piece(db::Connection& db, std::int64_t content, const Piece& piece) {
  db::Statement& row = db.prepare(
      "INSERT INTO pieces(content, number, start, size, modified, blob, etag, checksum, bytes) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  row.bind(1, content)
      .bind(2, std::int64_t(piece.number))
      .bind(3, std::int64_t(piece.start))
      .bind(4, std::int64_t(piece.size))
      .bind(5, ticks_of(piece.modified))
      .bind(7, piece.etag)
      .bind(8, piece.checksum);
  if (piece.blob.empty()) {
    row.bind_null(6).bind_blob(9, piece.bytes);
  } else {
    row.bind(6, piece.blob).bind_null(9);
  }
  row.run();
}

std::vector<Piece> pieces_of(db::Connection& db, std::int64_t content) {
  db::Statement& row = db.prepare(
                             "SELECT number, start, size, modified, blob, etag, checksum "
                             "FROM pieces WHERE content = ? ORDER BY number")
                           .bind(1, content);
  std::vector<Piece> out;
  while (row.step()) {
    Piece piece;
    piece.number = int(row.integer(0));
    piece.start = std::uint64_t(row.integer(1));
    piece.size = std::uint64_t(row.integer(2));
    piece.modified = time_at(row, 3);
    piece.blob = row.text(4);
    piece.etag = row.text(5);
    piece.checksum = row.text(6);
    out.push_back(std::move(piece));
  }
  row.reset();
  return out;
}

std::string bytes_of(db::Connection& db, std::int64_t content, int number) {
  db::Statement& row = db.prepare("SELECT bytes FROM pieces WHERE content = ? AND number = ?")
                           .bind(1, content)
                           .bind(2, std::int64_t(number));
  std::string bytes = row.step() ? row.text(0) : std::string();
  row.reset();
  return bytes;
}

void place_piece(db::Connection& db, std::int64_t content, int number, std::uint64_t start) {
  db.prepare("UPDATE pieces SET start = ? WHERE content = ? AND number = ?")
      .bind(1, std::int64_t(start))
      .bind(2, content)
      .bind(3, std::int64_t(number))
      .run();
}

Blobs remove_piece(db::Connection& db, std::int64_t content, int number) {
  return blobs_in(db.prepare("DELETE FROM pieces WHERE content = ? AND number = ? "
                             "RETURNING blob")
                      .bind(1, content)
                      .bind(2, std::int64_t(number)));
}

Blobs remove_pieces(db::Connection& db, std::int64_t content) {
  return blobs_in(
      db.prepare("DELETE FROM pieces WHERE content = ? RETURNING blob").bind(1, content));
}

Blobs blobs_of_shard(db::Connection& db, const std::string& shard) {
  // '.' follows '-' in ASCII: all names that start with "0f-".
  return blobs_in(db.prepare("SELECT blob FROM pieces WHERE blob IS NOT NULL AND blob >= ?1 AND "
                             "blob < substr(?1, 1, length(?1) - 1) || '.' ORDER BY blob")
                      .bind(1, shard));
}

}  // namespace trainyard::gateway
