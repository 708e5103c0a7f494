#pragma once
// Room in the cache: what it holds, and what may leave.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "objectstore/cache_layout.hpp"
#include "objectstore/dataset_cache.hpp"
#include "objectstore/lease.hpp"

namespace trainyard::objectstore {

// A tree that somebody uses: shared, marked as used now. nullopt when there is no such tree.
std::optional<Lease> use_tree(const CacheLayout& layout, const std::string& id);

// Takes a tree that is not to be used any more out of the way: at once where nobody uses it, else
// under another name, which is evicted like any other. Only while holding the builder's lock of its
// prefix, for nobody else makes trees of that name.
void set_tree_aside(const CacheLayout& layout, const std::string& id);

// An object of the cache; nullopt when it is not there whole. It may be evicted meanwhile: its
// bytes stay as long as it is open.
std::optional<Fd> open_object(const CacheLayout& layout, const std::string& id,
                              std::uint64_t bytes);

CacheUsage measure_cache(const CacheLayout& layout);

// Looks through the cache when it is made, then keeps count. One thread.
class CacheRoom {
 public:
  CacheRoom(const CacheLayout& layout, std::uint64_t max_bytes, std::uint64_t free_floor);

  // Counts `bytes` as added if with them all that this one added is less than half of what the
  // cache can take as it is, or so little that what may leave for it does not matter. False: it
  // counts nothing, and the rest is better known before more is begun.
  bool reserve_early(std::uint64_t bytes);
  // Counts `bytes` as added. Evicts, least recently used first, until they fit: objects that no
  // tree holds, and trees that nobody uses. False when they cannot fit.
  bool reserve(std::uint64_t bytes);

 private:
  struct Candidate {
    TimePoint last_use;
    std::filesystem::path path;  // of an object
    std::string tree;            // or the id of a tree
    std::uint64_t bytes = 0;     // of an object
  };
  bool fits(std::uint64_t bytes) const;  // in all, as it is
  std::uint64_t find_candidates();       // returns the bytes of all objects
  bool evict_one();
  bool evict_tree(const Candidate& tree);

  const CacheLayout& layout_;
  std::uint64_t max_bytes_;
  std::uint64_t free_floor_;
  std::vector<Candidate> candidates_;  // the least recently used at the end
  std::uint64_t held_;                 // bytes of the objects, without those reserved
  std::uint64_t free_;                 // on the disk, the same
  std::uint64_t reserved_ = 0;
};

}  // namespace trainyard::objectstore
