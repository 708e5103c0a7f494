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

// What of reserved bytes is on the disk already. Takes away what dead processes left.
std::uint64_t bytes_of_partials(const CacheLayout& layout) {
  std::uint64_t bytes = 0;
  for (const fs::path& partial : entries(layout.partials())) {
    if (auto stale = Lease::try_take(partial, Lease::Mode::Exclusive)) {
      stale->remove_file();
      continue;
    }
    struct stat status {};
    if (::stat(partial.c_str(), &status) != 0) continue;  // landed meanwhile
    bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
  }
  return bytes;
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
      reservations_(layout.reservations(), layout.root) {
  const Lease lock = reservations_.lock();
  look_through();
}

// In this order what lands meanwhile is counted twice, never not at all.
void CacheRoom::count() {
  const std::uint64_t pending = reservations_.pending().disk;
  const std::uint64_t written = bytes_of_partials(layout_);
  const std::uint64_t taken = free_floor_ + (pending > written ? pending - written : 0);
  const std::uint64_t free = free_bytes(layout_.root);
  usable_ = free > taken ? free - taken : 0;
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
    most_ += object.bytes;
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
}

bool CacheRoom::fits(std::uint64_t bytes) const {
  return most_ + bytes <= max_bytes_ && bytes <= usable_;
}

void CacheRoom::take(std::uint64_t bytes) {
  reservations_.add({bytes, bytes});
  ever_cached_ += bytes;
  most_ += bytes;
  reserved_ += bytes;
}

bool CacheRoom::reserve_early(std::uint64_t bytes) {
  const Lease lock = reservations_.lock();
  count();
  const std::uint64_t all = reserved_ + bytes;
  const std::uint64_t little = max_bytes_ / kLittlePart;
  const bool ready = fits(bytes + all) || (all <= little && make_fit(little - reserved_));
  if (ready) take(bytes);
  return ready;
}

bool CacheRoom::reserve(std::uint64_t bytes) {
  if (reserved_ + bytes > max_bytes_) return false;  // not even alone
  const Lease lock = reservations_.lock();
  count();
  if (!make_fit(bytes)) return false;
  take(bytes);
  return true;
}

bool CacheRoom::make_fit(std::uint64_t bytes) {
  if (fits(bytes)) return true;
  look_through();
  while (!fits(bytes)) {
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
    most_ -= candidate.bytes;
    usable_ += candidate.bytes;
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
