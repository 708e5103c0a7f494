#include "objectstore/cache_room.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/ids.hpp"
#include "objectstore/file_ops.hpp"
#include "objectstore/workspace.hpp"

namespace trainyard::objectstore {
namespace {

constexpr std::chrono::milliseconds kContendedPause{2};
constexpr std::uint64_t kLittle = 16;  // this part of the cache, and less

struct StoredObject {
  fs::path path;
  std::uint64_t bytes;
  TimePoint stored_at;
  bool in_a_tree;
};

void for_each_object(const CacheLayout& layout,
                     const std::function<void(const StoredObject&)>& use) {
  for (const fs::path& shard : entries(layout.objects())) {
    for (const fs::path& path : entries(shard)) {
      struct stat status {};
      if (::stat(path.c_str(), &status) != 0) continue;  // evicted meanwhile
      use({path, static_cast<std::uint64_t>(status.st_size),
           TimePoint(std::chrono::seconds(status.st_mtim.tv_sec)), status.st_nlink > 1});
    }
  }
}

void remove_stale_partials(const CacheLayout& layout) {
  for (const fs::path& partial : entries(layout.partials())) {
    if (auto lease = Lease::try_take(partial, Lease::Mode::Exclusive)) lease->remove_file();
  }
}

void remove_leased(const CacheLayout& layout, const std::string& id, Lease& lease) {
  const Workspace trash(layout);
  rename_if_there(layout.tree(id), trash.tree());
  unlink_file(layout.durable(id));
  lease.remove_file();
  remove_tree(trash.tree());
}

}  // namespace

std::optional<Lease> use_tree(const CacheLayout& layout, const std::string& id) {
  while (fs::exists(layout.tree(id))) {
    auto lease = Lease::try_take(layout.lease(id), Lease::Mode::Shared);
    if (!lease) {  // somebody looks whether it can be evicted
      std::this_thread::sleep_for(kContendedPause);
      continue;
    }
    if (fs::exists(layout.tree(id))) {
      lease->touch();
      return lease;
    }
  }
  return std::nullopt;
}

void set_tree_aside(const CacheLayout& layout, const std::string& id) {
  if (auto lease = Lease::try_take(layout.lease(id), Lease::Mode::Exclusive)) {
    return remove_leased(layout, id, *lease);
  }
  // Evicted just now: nothing is there. The lock goes with its file, so that it keeps the tree
  // under the new name too.
  const std::string aside = id + "-damaged-" + random_hex(4);
  rename_if_there(layout.lease(id), layout.lease(aside));
  rename_if_there(layout.tree(id), layout.tree(aside));
  unlink_file(layout.durable(id));
}

std::optional<Fd> open_object(const CacheLayout& layout, const std::string& id,
                              std::uint64_t bytes) {
  Fd file(::open(layout.object(id).c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return std::nullopt;
  if (static_cast<std::uint64_t>(status.st_size) != bytes) return std::nullopt;
  return file;
}

CacheUsage measure_cache(const CacheLayout& layout) {
  CacheUsage usage;
  for_each_object(layout, [&](const StoredObject& object) {
    ++usage.objects;
    usage.bytes += object.bytes;
  });
  for (const fs::path& tree : entries(layout.trees())) {
    ++usage.trees;
    if (!Lease::try_take(layout.lease(tree.filename()), Lease::Mode::Exclusive)) {
      ++usage.leased_trees;
    }
  }
  return usage;
}

CacheRoom::CacheRoom(const CacheLayout& layout, std::uint64_t max_bytes, std::uint64_t free_floor)
    : layout_(layout),
      max_bytes_(max_bytes),
      free_floor_(free_floor),
      held_(find_candidates()),
      free_(free_bytes(layout.root)) {}

std::uint64_t CacheRoom::find_candidates() {
  std::uint64_t held = 0;
  candidates_.clear();
  for_each_object(layout_, [&](const StoredObject& object) {
    held += object.bytes;
    if (!object.in_a_tree) {
      candidates_.push_back({object.stored_at, object.path, {}, object.bytes});
    }
  });
  for (const fs::path& tree : entries(layout_.trees())) {
    const std::string id = tree.filename();
    candidates_.push_back({Lease::last_use(layout_.lease(id)), {}, id, 0});
  }
  std::sort(candidates_.begin(), candidates_.end(),
            [](const Candidate& a, const Candidate& b) { return a.last_use > b.last_use; });
  return held;
}

bool CacheRoom::fits(std::uint64_t bytes) const {
  const std::uint64_t usable = free_ > free_floor_ ? free_ - free_floor_ : 0;
  return held_ + bytes <= max_bytes_ && bytes <= usable;
}

bool CacheRoom::reserve_early(std::uint64_t bytes) {
  const std::uint64_t all = reserved_ + bytes;
  if (fits(2 * all)) {
    reserved_ = all;
    return true;
  }
  return all <= max_bytes_ / kLittle && reserve(bytes);
}

bool CacheRoom::reserve(std::uint64_t bytes) {
  reserved_ += bytes;
  if (fits(reserved_)) return true;
  if (reserved_ > max_bytes_) return false;  // not even alone
  remove_stale_partials(layout_);
  while (!fits(reserved_)) {
    if (!evict_one()) return false;
  }
  return true;
}

bool CacheRoom::evict_one() {
  while (!candidates_.empty()) {
    const Candidate candidate = std::move(candidates_.back());
    candidates_.pop_back();
    if (!candidate.tree.empty()) {
      if (evict_tree(candidate)) return true;
      continue;
    }
    // If a tree took it meanwhile, the tree's link keeps the bytes; only the next one misses it.
    unlink_file(candidate.path);
    held_ -= candidate.bytes;
    free_ += candidate.bytes;
    return true;
  }
  return false;
}

// The objects that only this tree held become candidates of their own.
bool CacheRoom::evict_tree(const Candidate& tree) {
  const fs::path lease_file = layout_.lease(tree.tree);
  if (Lease::last_use(lease_file) > tree.last_use) return false;
  auto lease = Lease::try_take(lease_file, Lease::Mode::Exclusive);
  if (!lease) return false;
  remove_leased(layout_, tree.tree, *lease);
  find_candidates();
  return true;
}

}  // namespace trainyard::objectstore
