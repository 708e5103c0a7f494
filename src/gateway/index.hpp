#pragma once
// The index of the store in SQLite: buckets, objects in byte order of their keys, the pieces that
// their bytes consist of, multipart uploads. Rows and statements only; S3's rules stand above.
//
// The free functions are steps: compose them inside Index::read (one snapshot) or Index::write (one
// durable transaction). Those that drop pieces return the blobs that are free once it is committed.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/sync.hpp"
#include "db/database.hpp"
#include "gateway/commit_queue.hpp"

namespace trainyard::gateway {

struct Bucket {
  std::int64_t id = 0;  // never used again
  std::string name;
  TimePoint created;
};

struct ObjectRecord {
  std::string key;
  std::uint64_t size = 0;
  TimePoint modified;
  std::string etag;          // without quotes
  std::int64_t content = 0;  // of its pieces
  int parts = 0;             // 0: not a multipart upload
  std::string checksum;      // to_text(Checksum); may be empty
  std::string headers;       // to_text(stored headers)
};

// Consecutive bytes of an object, or a part of an upload: in a blob, or here when they are few.
struct Piece {
  int number = 1;
  std::uint64_t start = 0;  // within the object; 0 while it is a part of an upload
  std::uint64_t size = 0;
  std::string blob;  // empty: the bytes are in `bytes`
  std::string bytes;
  std::string etag;      // hex MD5
  std::string checksum;  // to_text(Checksum); may be empty
  TimePoint modified;
};

struct Upload {
  std::string key;
  std::string id;
  TimePoint started;
  std::int64_t content = 0;
  std::string algorithm;  // of its checksum; empty: none
  std::string type;
  std::string headers;
};

using Blobs = std::vector<std::string>;

class Index {
 public:
  // Opens or makes the database; throws Conflict for one of a newer version.
  explicit Index(const std::filesystem::path& path);

  // Calls fn(connection) on one snapshot and returns what it returns. Many at once.
  template <typename Fn>
  auto read(Fn&& fn) {
    Lease lease(*this);
    return fn(lease.connection());
  }
  // See CommitQueue::run.
  void write(const CommitQueue::Change& change) { queue_.run(change); }

 private:
  // A reading connection in a transaction; back in the pool afterwards.
  class Lease {
   public:
    explicit Lease(Index& index);
    Lease(const Lease&) = delete;
    ~Lease();
    db::Connection& connection() { return *connection_; }

   private:
    Index& index_;
    std::unique_ptr<db::Connection> connection_;
  };

  std::filesystem::path path_;
  CommitQueue queue_;
  Sync<std::vector<std::unique_ptr<db::Connection>>> idle_;
};

// Buckets
std::optional<Bucket> find_bucket(db::Connection& db, const std::string& name);
std::vector<Bucket> list_buckets(db::Connection& db);  // by name
void insert_bucket(db::Connection& db, const std::string& name, TimePoint now);
bool has_objects(db::Connection& db, const Bucket& bucket);
Blobs remove_bucket(db::Connection& db, const Bucket& bucket);  // without objects; with uploads

// Objects
std::optional<ObjectRecord> find_object(db::Connection& db, const Bucket& bucket,
                                        const std::string& key);
// Replaces one of the same key.
Blobs put_object(db::Connection& db, const Bucket& bucket, const ObjectRecord& object);
Blobs remove_object(db::Connection& db, const Bucket& bucket, const std::string& key);
enum class Bound { Inclusive, Exclusive };
// Objects from a key on, in order, until `visit` returns false. Only what a listing shows is set.
void scan_objects(db::Connection& db, const Bucket& bucket, const std::string& from, Bound bound,
                  const std::function<bool(ObjectRecord&&)>& visit);

// Pieces
std::int64_t new_content(db::Connection& db);
void put_piece(db::Connection& db, std::int64_t content, const Piece& piece);
std::vector<Piece> pieces_of(db::Connection& db, std::int64_t content);  // by number, no bytes
std::string bytes_of(db::Connection& db, std::int64_t content, int number);
void place_piece(db::Connection& db, std::int64_t content, int number, std::uint64_t start);
Blobs remove_piece(db::Connection& db, std::int64_t content, int number);
Blobs remove_pieces(db::Connection& db, std::int64_t content);
Blobs blobs_of_shard(db::Connection& db, const std::string& shard);  // sorted

// Uploads
void insert_upload(db::Connection& db, const Bucket& bucket, const Upload& upload);
std::optional<Upload> find_upload(db::Connection& db, const Bucket& bucket, const std::string& key,
                                  const std::string& id);
void remove_upload(db::Connection& db, const Bucket& bucket, const Upload& upload);
// Uploads from (key, id) on, that one not included, in order, until `visit` returns false.
void scan_uploads(db::Connection& db, const Bucket& bucket, const std::string& key,
                  const std::string& id, const std::function<bool(Upload&&)>& visit);

struct Totals {
  std::uint64_t buckets = 0, objects = 0, bytes = 0;
};
Totals totals(db::Connection& db);  // reads every row

}  // namespace trainyard::gateway
