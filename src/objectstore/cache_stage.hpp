#pragma once
// One staging of a data set through the cache.
#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "objectstore/cache_layout.hpp"
#include "objectstore/cache_room.hpp"
#include "objectstore/dataset_cache.hpp"
#include "objectstore/fetcher.hpp"
#include "objectstore/key_paths.hpp"
#include "objectstore/listing.hpp"
#include "objectstore/progress.hpp"
#include "objectstore/workspace.hpp"

namespace trainyard::objectstore {

// Thrown: the data set is to be fetched for this run alone, and why, for the load log.
struct PastTheCache {
  std::string why;
  // False: not even those of its objects that the cache has may be given to these credentials.
  bool may_use_cached = true;
};

// List, fetch what is missing (while the listing runs when the cache seems to have nothing), put
// the tree together, lease it. What is fetched early takes less than half of the room that there
// is: for the rest, the whole listing is compared with the room first. Only one process does the
// middle part for a prefix; the others wait.
class CacheStage {
 public:
  CacheStage(const CacheLayout& layout, std::uint64_t max_bytes, ObjectStore& store,
             const StageRequest& request, Listing& listing, std::stop_token stop);
  ~CacheStage();

  struct Result {
    std::string tree;
    Lease lease;
    TreeReport report;
    DiskSpace space;  // of the whole tree, as a copy
  };
  // Throws the errors of DatasetCache::stage, or PastTheCache; `listing` is whole then. May be
  // called once.
  Result run();

 private:
  struct Build;

  void on_page(std::size_t first);
  void require_possible(std::size_t first);
  bool try_to_build();  // false: another process builds
  void look_up();
  void fetch_missing();
  std::optional<Lease> use_whole_tree(const std::string& tree, const KeyPaths& places);
  void put_together(const std::string& tree, const KeyPaths& places);
  std::string why_it_does_not_fit() const;
  void wait_for_the_other(bool first_time);
  void require_read_access(const std::string& tree);
  std::vector<const ListedObject*> choose_proofs(std::size_t most) const;
  bool may_read(const ListedObject& object, std::stop_token stop);

  const CacheLayout& layout_;
  const std::uint64_t max_bytes_;
  ObjectStore& store_;
  const StageRequest& request_;
  std::stop_token stop_;
  TransferLog log_;
  const std::chrono::steady_clock::time_point begin_;
  ProgressMeter progress_;
  Listing& listing_;
  DiskSpace listed_;           // what it takes
  std::size_t looked_up_ = 0;  // so many objects of the listing are pinned, missing or fetched
  std::vector<const ListedObject*> missing_;
  DiskSpace missing_space_;
  bool early_ = true;             // fetching does not wait for the end of the listing
  std::unique_ptr<Build> build_;  // while this process builds
  FetchTotals fetched_;
  std::vector<const ListedObject*> own_;  // what these credentials have fetched, sorted
};

}  // namespace trainyard::objectstore
