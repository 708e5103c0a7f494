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
#include "objectstore/reservations.hpp"

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

// Looks through the cache when it is made, and again when others may have filled it meanwhile. What
// it reserves is counted by all other processes until it has landed. One thread, but for landed().
class CacheRoom {
 public:
  CacheRoom(const CacheLayout& layout, std::uint64_t max_bytes, std::uint64_t free_floor);

  // Reserves room for objects if with them all that this one reserved is less than half of what the
  // cache can take as it is, or so little that what leaves for it does not matter. False: it
  // reserves nothing, and the rest is better known before more is begun.
  bool reserve_early(const DiskSpace& objects);
  // Reserves room for objects, and on the disk alone for the directories of their tree. Evicts,
  // least recently used first, until it is there: objects that no tree holds, and trees that nobody
  // uses. False when they cannot fit.
  bool reserve(const DiskSpace& objects, const DiskSpace& directories);
  // What the objects of the cache take, there or reserved, as far as nothing more can leave: when
  // reserve() has just found no room.
  std::uint64_t held() const { return most_; }
  // One of the objects, of so many bytes, is in the cache now.
  void landed(std::uint64_t size) { reservations_.take_off({disk_bytes(size), file_space(size)}); }

 private:
  struct Candidate {
    TimePoint last_use;
    std::filesystem::path path;  // of an object
    std::string tree;            // or the id of a tree
    std::uint64_t size = 0;      // of an object
  };
  // With the lock of the reservations:
  void count();
  void look_through();
  bool fits(const Pending& need) const;  // more, as it is
  bool make_fit(const Pending& need);
  void take(const Pending& need);
  bool evict_one();
  bool evict_tree(const Candidate& tree);

  const CacheLayout& layout_;
  const std::uint64_t max_bytes_;
  const std::uint64_t free_floor_;
  Reservations reservations_;
  std::vector<Candidate> candidates_;  // the least recently used at the end
  // Objects take no more on the disk than this, there or reserved, as long as nobody reserves more.
  std::uint64_t most_ = 0;
  std::uint64_t ever_cached_ = 0;  // when that was true
  DiskSpace usable_;               // on the disk: free, above the floor, and not reserved
  DiskSpace reserved_;             // for objects by this one, landed or not
};

}  // namespace trainyard::objectstore
