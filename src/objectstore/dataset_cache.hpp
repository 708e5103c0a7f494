#pragma once
// The node's cache of objects, shared by all learners of a machine (separate processes).
//
//   DIR/objects/ab/<id>   one object each, by (store, bucket, key, etag, size); mode 0444
//   DIR/partial/<id>      being fetched; locked by the process that fetches it
//   DIR/trees/<id>/       a whole data set, hard links to the objects; <id> is a hash of the
//   listing DIR/leases/<id>       locked shared by whoever uses the tree, exclusively by who makes
//   it
//
//   DIR/readers/<id>      which credentials may read the tree, as hashes under DIR/key
//   DIR/reservations/     what each process is about to write, counted by all (reservations.hpp)
//
// Everything is made visible by one rename, every lock is an flock that the kernel frees with its
// process: nothing has to be repaired after kill -9. What reached the disk before a power failure
// is known by Dataset::persist(); the rest is dropped when the machine comes up again. Least
// recently used trees and objects leave when the size limit or the free-space floor asks for it;
// never those that are leased. An unchanged bucket costs a listing, one lock, and a look at the
// size of each file: a tree or an object that lost bytes is dropped and fetched again.
#include <cstdint>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

#include "base/secret.hpp"
#include "objectstore/object_store.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::objectstore {

enum class DataAccess {
  SharedReadOnly,  // the cache's own tree; the caller shows it read-only (a read-only bind mount)
  PrivateCopy,     // a copy (reflink where the file system can) that the run may write into
};

struct StageRequest {
  std::string prefix = {};
  DataAccess access = DataAccess::PrivateCopy;
  std::filesystem::path directory = {};  // of the run; absent or empty; filled for PrivateCopy
  TransferOptions transfer = {};
  // What the store is shown of who asks (credentials_of()): bytes that other credentials brought
  // are given only after the store has shown by a HEAD of up to a hundred objects that these may
  // read.
  Secret credentials = {};
};

// Staged data. Holds the lease: as long as it lives the tree stays. Movable.
class Dataset {
 public:
  class State;
  explicit Dataset(std::unique_ptr<State> state);
  Dataset(Dataset&&) noexcept;
  Dataset& operator=(Dataset&&) noexcept;
  ~Dataset();

  // What DATA_DIR must show. When shared(), it belongs to the cache: mount it read-only.
  const std::filesystem::path& directory() const;
  bool shared() const;
  const TreeReport& report() const;
  // Waits until the tree is on the disk, so that it survives a power failure. Call it while the
  // machine has nothing better to do (the command runs). Idempotent; never throws for a full disk.
  void persist();

 private:
  std::unique_ptr<State> state_;
};

struct CacheUsage {
  std::uint64_t bytes = 0;  // that the objects take on the disk, in whole blocks (disk_space.hpp)
  std::uint64_t objects = 0;
  std::uint64_t trees = 0;
  std::uint64_t leased_trees = 0;
};

class DatasetCache {
 public:
  virtual ~DatasetCache() = default;
  // Lists the bucket with the caller's credentials, transfers what the cache lacks, and gives the
  // whole tree. Of many callers that ask for the same at once, in any process, one transfers and
  // the others wait; when that one dies another goes on. A data set larger than the cache may be
  // is fetched straight into request.directory, with what the cache has of it copied; so is one
  // of whose objects the store tells no ETag. Errors as
  // download_tree.
  virtual Dataset stage(ObjectStore& store, const StageRequest& request, std::stop_token stop) = 0;
  // Evicts until `bytes` more fit into the limit and above the floor; as far as leases allow.
  virtual void make_room(std::uint64_t bytes) = 0;
  virtual CacheUsage usage() = 0;
};

struct CacheOptions {
  std::filesystem::path directory;                     // created, mode 0700
  std::uint64_t max_bytes = std::uint64_t(200) << 30;  // that its objects take on the disk
};
// Throws when the directory cannot be made. Many processes may open the same directory.
std::unique_ptr<DatasetCache> open_dataset_cache(CacheOptions options);

}  // namespace trainyard::objectstore
