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

// The cache cannot hold the data set, whatever leaves.
struct DoesNotFit {};

// List, fetch what is missing (while the listing runs when the cache seems to have nothing), put
// the tree together, lease it. Only one process does the middle part for a prefix; the others wait.
class CacheStage {
 public:
  CacheStage(const CacheLayout& layout, std::uint64_t max_bytes, ObjectStore& store,
             const StageRequest& request, std::stop_token stop);
  ~CacheStage();

  struct Result {
    std::string tree;
    Lease lease;
    TreeReport report;
  };
  // Throws DoesNotFit, or the errors of DatasetCache::stage.
  Result run();

 private:
  struct Build;

  void on_page(std::size_t first);
  bool try_to_build();  // false: another process builds
  void add_missing(std::size_t first);
  std::optional<Lease> use_whole_tree(const std::string& tree, const KeyPaths& places);
  void put_together(const std::string& tree, const KeyPaths& places);
  void wait_for_the_other(bool first_time);
  void check_read_access();

  const CacheLayout& layout_;
  const std::uint64_t max_bytes_;
  ObjectStore& store_;
  const StageRequest& request_;
  std::stop_token stop_;
  TransferLog log_;
  const std::chrono::steady_clock::time_point begin_;
  ProgressMeter progress_;
  Listing listing_;
  std::size_t handed_over_ = 0;   // so many objects of the listing are pinned or being fetched
  std::unique_ptr<Build> build_;  // while this process builds
  FetchTotals fetched_;
};

}  // namespace trainyard::objectstore
