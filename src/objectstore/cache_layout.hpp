#pragma once
// Where things lie in the cache's directory; see dataset_cache.hpp for what they are.
#include <filesystem>
#include <string>

namespace trainyard::objectstore {

struct CacheLayout {
  std::filesystem::path root;

  std::filesystem::path objects() const { return root / "objects"; }
  std::filesystem::path object(const std::string& id) const {
    return objects() / id.substr(0, 2) / id;
  }
  std::filesystem::path partials() const { return root / "partial"; }
  std::filesystem::path partial(const std::string& id) const { return partials() / id; }
  std::filesystem::path trees() const { return root / "trees"; }
  std::filesystem::path tree(const std::string& id) const { return trees() / id; }
  std::filesystem::path leases() const { return root / "leases"; }
  std::filesystem::path lease(const std::string& id) const { return leases() / id; }
  // Held by who makes the trees of one prefix of one store.
  std::filesystem::path builder(const std::string& prefix_id) const {
    return leases() / ("build-" + prefix_id);
  }
  // Trees that are known to be on the disk.
  std::filesystem::path durables() const { return root / "durable"; }
  std::filesystem::path durable(const std::string& id) const { return durables() / id; }
  // Directories of processes that put a tree together, each locked by a file beside it.
  std::filesystem::path work() const { return root / "work"; }
  // Which credentials may read a tree (cache_readers.hpp), and the key of their hashes.
  std::filesystem::path readers() const { return root / "readers"; }
  std::filesystem::path reader(const std::string& id) const { return readers() / id; }
  std::filesystem::path key() const { return root / "key"; }
  // What processes are about to write (reservations.hpp).
  std::filesystem::path reservations() const { return root / "reservations"; }
  std::filesystem::path boot() const { return root / "boot"; }
  std::filesystem::path opening() const { return root / "opening"; }
};

// Makes the directories; after a new start of the machine drops what may not have reached the disk;
// takes away what dead processes left. Many processes may do it at once.
void prepare_cache(const CacheLayout& layout);

}  // namespace trainyard::objectstore
