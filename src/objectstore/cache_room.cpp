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
constexpr std::uint64_t kLittlePart = 64;  // of what the cache may hold

struct StoredObject {
  fs::path path;
  std::uint64_t size;
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

// What of the reserved room is filled already. Takes away what dead processes left.
DiskSpace space_of_partials(const CacheLayout& layout) {
  DiskSpace space;
  for (const fs::path& partial : entries(layout.partials())) {
    if (auto stale = Lease::try_take(partial, Lease::Mode::Exclusive)) {
      stale->remove_file();
      continue;
    }
    struct stat status {};
    if (::stat(partial.c_str(), &status) != 0) continue;  // landed meanwhile
    space = space + DiskSpace{static_cast<std::uint64_t>(status.st_blocks) * 512, 1};
  }
  return space;
}

void remove_leased(const CacheLayout& layout, const std::string& id, Lease& lease) {
  const Workspace trash(layout);
  rename_if_there(layout.tree(id), trash.tree());
  unlink_file(layout.durable(id));
  unlink_file(layout.reader(id));
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
  unlink_file(layout.reader(id));
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
    usage.bytes += disk_bytes(object.size);
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
      reservations_(layout.reservations(), layout.root) {
  const Lease lock = reservations_.lock();
  look_through();
}

// In this order what lands meanwhile is counted twice, never not at all.
void CacheRoom::count() {
  const DiskSpace pending = reservations_.pending().disk;
  const DiskSpace unwritten = pending - space_of_partials(layout_);
  usable_ = free_space(layout_.root) - DiskSpace{free_floor_, 0} - unwritten;
  const std::uint64_t ever = reservations_.ever_cached();
  if (ever < ever_cached_) return look_through();  // the count began anew
  most_ += ever - ever_cached_;
  ever_cached_ = ever;
}

void CacheRoom::look_through() {
  ever_cached_ = reservations_.ever_cached();
  most_ = reservations_.pending().cached;
  candidates_.clear();
  for_each_object(layout_, [&](const StoredObject& object) {
    most_ += disk_bytes(object.size);
    if (!object.in_a_tree) {
      candidates_.push_back({object.stored_at, object.path, {}, object.size});
    }
  });
  for (const fs::path& tree : entries(layout_.trees())) {
    const std::string id = tree.filename();
    candidates_.push_back({Lease::last_use(layout_.lease(id)), {}, id, 0});
  }
  std::sort(candidates_.begin(), candidates_.end(),
            [](const Candidate& a, const Candidate& b) { return a.last_use > b.last_use; });
}

bool CacheRoom::fits(const Pending& need) const {
  const std::uint64_t left = max_bytes_ > most_ ? max_bytes_ - most_ : 0;
  return need.cached <= left && usable_.holds(need.disk);
}

void CacheRoom::take(const Pending& need) {
  reservations_.add(need);
  ever_cached_ += need.cached;
  most_ += need.cached;
}

bool CacheRoom::reserve_early(const DiskSpace& objects) {
  const Lease lock = reservations_.lock();
  count();
  const DiskSpace all = reserved_ + objects;
  const DiskSpace twice = all + objects;
  const std::uint64_t little = max_bytes_ / kLittlePart;
  const std::uint64_t rest = little - std::min(little, reserved_.bytes);
  const bool ready = fits({twice.bytes, twice}) ||
                     (all.bytes <= little && make_fit({rest, {rest, objects.inodes}}));
  if (!ready) return false;
  take({objects.bytes, objects});
  reserved_ = all;
  return true;
}

bool CacheRoom::reserve(const DiskSpace& objects, const DiskSpace& directories) {
  const DiskSpace all = reserved_ + objects;
  if (all.bytes > max_bytes_) return false;  // not even alone
  const Lease lock = reservations_.lock();
  count();
  const Pending need{objects.bytes, objects + directories};
  if (!make_fit(need)) return false;
  take(need);
  reserved_ = all;
  return true;
}

bool CacheRoom::make_fit(const Pending& need) {
  if (fits(need)) return true;
  look_through();
  while (!fits(need)) {
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
    most_ -= disk_bytes(candidate.size);
    usable_ = usable_ + file_space(candidate.size);
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
  look_through();
  return true;
}

}  // namespace trainyard::objectstore
