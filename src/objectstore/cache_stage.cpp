#include "objectstore/cache_stage.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <random>
#include <thread>
#include <utility>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/strings.hpp"
#include "base/sync.hpp"
#include "objectstore/cache_readers.hpp"
#include "objectstore/check_tree.hpp"
#include "objectstore/file_ops.hpp"
#include "objectstore/part_runner.hpp"
#include "objectstore/space.hpp"
#include "objectstore/transfer_log.hpp"

namespace trainyard::objectstore {
namespace {

constexpr std::chrono::milliseconds kWaitPause{10};
constexpr mode_t kObjectMode = 0444, kAnyMode = 07777;
constexpr std::size_t kProofs = 100;  // that credentials may read what others have fetched

void protect(const fs::path& object) {
  if (::chmod(object.c_str(), kObjectMode) != 0) throw_errno("protect " + object.string());
}

// Of a learner that died. Not of a new file: ext4 sends to the disk what is truncated to nothing
// and closed, each file on its own.
void empty_file(const Fd& partial) {
  struct stat status {};
  if (::fstat(partial.get(), &status) != 0) throw_errno("look at a partial object");
  if (status.st_size == 0) return;
  if (::ftruncate(partial.get(), 0) != 0) throw_errno("empty a partial object");
}

// Objects land in the cache; a link in the workspace pins each until the tree stands.
class CacheLanding final : public Landing {
 public:
  CacheLanding(const CacheLayout& layout, const Workspace& workspace, CacheRoom& room,
               std::string store)
      : layout_(layout), workspace_(workspace), room_(room), store_(std::move(store)) {}

  std::string id(const ListedObject& object) const { return object_id(store_, object); }
  // False when the cache does not have it, or not whole: then it is dropped.
  bool pin(const ListedObject& object, const std::string& id) {
    if (!link_pin(layout_.object(id), object, id)) return false;
    struct stat status {};
    const bool there = ::stat(workspace_.pin(id).c_str(), &status) == 0;
    if (there && static_cast<std::uint64_t>(status.st_size) == object.size()) {
      if ((status.st_mode & kAnyMode) != kObjectMode) protect(workspace_.pin(id));
      return true;
    }
    unlink_file(layout_.object(id));
    unlink_file(workspace_.pin(id));
    ++damaged_;
    return false;
  }
  std::uint64_t damaged() const { return damaged_; }  // objects that were dropped
  std::vector<const ListedObject*> fetched() { return *fetched_.lock(); }

  Claimed claim(const ListedObject& object) override {
    const std::string id = this->id(object);
    auto lease = Lease::try_take(layout_.partial(id), Lease::Mode::Exclusive);
    if (!lease) return {Claim::Busy, {}};
    if (pin(object, id)) {
      lease->remove_file();
      room_.landed(object.size());
      return {Claim::Present, {}};
    }
    Fd file = lease->take_file();
    empty_file(file);
    if (object.size() > kPreallocatedAbove) preallocate(file, object.size());
    return {Claim::Fetch, std::move(file)};
  }

  void commit(const ListedObject& object, Fd file) override {
    const std::string id = this->id(object);
    // Pinned first: an object is evicted only while it has no other link.
    if (!link_pin(layout_.partial(id), object, id)) {
      throw Error(ErrorKind::Internal, "a partial object vanished from the cache");
    }
    if (!rename_if_there(layout_.partial(id), layout_.object(id))) {
      make_directory(layout_.object(id).parent_path(), 0700);  // the first of its shard
      rename_file(layout_.partial(id), layout_.object(id));
    }
    // Not before: who may not write a partial object could not look whether its writer lives.
    if (::fchmod(file.get(), kObjectMode) != 0) throw_errno("protect a cached object");
    room_.landed(object.size());
    fetched_.with([&](auto& fetched) { fetched.push_back(&object); });
  }

 private:
  // Each object of a listing is pinned once.
  bool link_pin(const fs::path& from, const ListedObject& object, const std::string& id) {
    try {
      return link_file(from, workspace_.pin(id));
    } catch (const Error&) {
      if (fs::exists(workspace_.pin(id))) throw_listed_twice(store_, object.key());
      throw;
    }
  }

  const CacheLayout& layout_;
  const Workspace& workspace_;
  CacheRoom& room_;
  std::string store_;
  std::atomic<std::uint64_t> damaged_{0};
  Sync<std::vector<const ListedObject*>> fetched_;
};

std::string prefix_id(const ObjectStore& store, const std::string& prefix) {
  return tree_id(store.description(), prefix, {});
}

}  // namespace

struct CacheStage::Build {
  Build(CacheStage& stage, Lease held)
      : lease(std::move(held)),
        workspace(stage.layout_),
        room(stage.layout_, stage.max_bytes_, stage.request_.transfer.free_floor),
        landing(stage.layout_, workspace, room, stage.store_.description()),
        fetcher(stage.store_, landing, stage.progress_,
                affordable_connections(stage.request_.transfer), stage.stop_) {}
  Lease lease;
  Workspace workspace;
  CacheRoom room;
  CacheLanding landing;
  Fetcher fetcher;
};

CacheStage::CacheStage(const CacheLayout& layout, std::uint64_t max_bytes, ObjectStore& store,
                       const StageRequest& request, Listing& listing, std::stop_token stop)
    : layout_(layout),
      max_bytes_(max_bytes),
      store_(store),
      request_(request),
      stop_(std::move(stop)),
      log_(request.transfer.on_log),
      begin_(std::chrono::steady_clock::now()),
      progress_(request.transfer.on_progress),
      listing_(listing) {}

CacheStage::~CacheStage() = default;

CacheStage::Result CacheStage::run() {
  list_for_reading(
      store_, request_.prefix, affordable_connections(request_.transfer), listing_,
      [&](std::size_t first) { on_page(first); }, stop_);
  progress_.listing_complete();
  const std::uint64_t bytes = total_bytes(listing_);
  log_.line("{}: {}, {}, listed in {}", store_.description(), count_files(listing_.size()),
            format_bytes(bytes), format_since(begin_));
  if (const std::size_t nameless = count_without_etag(listing_); nameless != 0) {
    throw PastTheCache{fmt::format("the store gives {} no ETag that would tell a later version",
                                   count_files(nameless))};
  }
  const KeyPaths places = place_keys(listing_, request_.prefix);
  const std::string tree = tree_id(store_.description(), request_.prefix, listing_);
  bool waited = false;
  std::optional<Lease> lease;
  while (!(lease = use_whole_tree(tree, places))) {
    if (try_to_build()) {
      put_together(tree, places);
    } else {
      wait_for_the_other(!std::exchange(waited, true));
    }
  }
  require_read_access(tree);
  progress_.finish();
  log_totals(log_, fetched_, progress_.snapshot().limited_by, begin_);
  log_.line("{} of {} came from this machine's cache",
            count_files(listing_.size() - fetched_.files), listing_.size());
  log_places(log_, listing_, places);
  TreeReport report{.files = listing_.size(),
                    .bytes = bytes,
                    .transferred_files = fetched_.files,
                    .transferred_bytes = fetched_.bytes,
                    .remarks = places.remarks()};
  return {tree, *std::move(lease), std::move(report),
          space_of(listing_) + directory_space(places.directories().size())};
}

// A listing that never ends is left as soon as no disk could hold it: neither the cache's, nor,
// past the cache, that of the run.
void CacheStage::require_possible(std::size_t first) {
  listed_ = listed_ + space_of(listing_, first);
  fs::path disk = layout_.root;
  fs::path own = request_.directory;
  while (!own.empty() && !fs::exists(own)) own = own.parent_path();
  if (!own.empty() && fs::space(own).capacity > fs::space(disk).capacity) disk = own;
  Space(disk, request_.transfer.free_floor, {}).require_possible(listed_);
}

void CacheStage::on_page(std::size_t first) {
  require_possible(first);
  progress_.add_total(listing_.size() - first, total_bytes(listing_, first));
  if (first == 0 && !listing_.empty()) {
    const fs::path known = layout_.object(object_id(store_.description(), listing_.front()));
    if (!fs::exists(known)) try_to_build();
  }
  if (!build_) return;
  build_->fetcher.rethrow_error();
  look_up();
  early_ = early_ && count_without_etag(listing_, first) == 0;
  early_ = early_ && build_->room.reserve_early(missing_space_);
  if (early_) fetch_missing();
}

bool CacheStage::try_to_build() {
  if (build_) return true;
  auto lease =
      Lease::try_take(layout_.builder(prefix_id(store_, request_.prefix)), Lease::Mode::Exclusive);
  if (!lease) return false;
  build_ = std::make_unique<Build>(*this, *std::move(lease));
  looked_up_ = 0;  // what an earlier one pinned, it gave up
  missing_.clear();
  missing_space_ = {};
  return true;
}

// Pins what the cache has.
void CacheStage::look_up() {
  for (; looked_up_ < listing_.size(); ++looked_up_) {
    const ListedObject& object = listing_[looked_up_];
    if (build_->landing.pin(object, build_->landing.id(object))) {
      progress_.add_cached_file(object.size());
    } else {
      missing_.push_back(&object);
      missing_space_ = missing_space_ + file_space(object.size());
    }
  }
}

// Room for it is reserved.
void CacheStage::fetch_missing() {
  for (const ListedObject* object : missing_) build_->fetcher.add(*object);
  missing_.clear();
  missing_space_ = {};
}

// nullopt also when it is damaged: who builds sets it aside.
std::optional<Lease> CacheStage::use_whole_tree(const std::string& tree, const KeyPaths& places) {
  auto lease = use_tree(layout_, tree);
  if (lease && find_damage(layout_.tree(tree), listing_, places)) lease.reset();
  return lease;
}

void CacheStage::put_together(const std::string& tree, const KeyPaths& places) {
  look_up();
  if (!build_->room.reserve(missing_space_, directory_space(places.directories().size() + 1))) {
    throw PastTheCache{why_it_does_not_fit()};
  }
  fetch_missing();
  fetched_ = build_->fetcher.finish();
  own_ = build_->landing.fetched();
  std::sort(own_.begin(), own_.end(), std::less<>());
  if (const std::uint64_t damaged = build_->landing.damaged(); damaged != 0) {
    log_.line("{} in this machine's cache had lost bytes: fetched again", count_files(damaged));
  }
  if (fs::exists(layout_.tree(tree))) {
    const auto damage = find_damage(layout_.tree(tree), listing_, places);
    if (!damage) return build_.reset();  // another finished it just before this one's turn
    log_.line("the data in this machine's cache is damaged ({}): putting it together again",
              *damage);
    set_tree_aside(layout_, tree);
  }
  const fs::path root = build_->workspace.tree();
  make_directory(root);
  for (const std::string& name : places.directories()) make_directory(root / name);
  for (std::size_t i = 0; i < listing_.size(); ++i) {
    const std::string_view path = places.path(i);
    if (path.empty()) continue;
    if (!rename_to_new(build_->workspace.pin(build_->landing.id(listing_[i])), root / path)) {
      throw_listed_twice(store_.description(), listing_[i].key());
    }
  }
  rename_file(root, layout_.tree(tree));
  build_.reset();
}

// When there was no room to reserve.
std::string CacheStage::why_it_does_not_fit() const {
  const std::uint64_t bytes = space_of(listing_).bytes;
  const std::uint64_t here = bytes - missing_space_.bytes;  // pinned, or reserved early
  const std::uint64_t held = build_->room.held();
  const std::uint64_t others = held - std::min(held, here);
  std::string limit = "the limit is " + format_bytes(max_bytes_);
  if (bytes <= max_bytes_ && bytes + others > max_bytes_) {
    limit += fmt::format(", of which {} are in use by other runs", format_bytes(others));
  } else if (bytes <= max_bytes_) {
    limit = "less is free above keep_free and what other runs are about to write";
  }
  return fmt::format("it does not fit into this machine's cache ({} take {} on the disk, {})",
                     count_files(listing_.size()), format_bytes(bytes), limit);
}

void CacheStage::wait_for_the_other(bool first_time) {
  if (first_time) log_.line("another run of this machine fetches the same data: waiting for it");
  if (stop_.stop_requested()) throw Error(ErrorKind::Canceled, "the transfer was stopped");
  std::this_thread::sleep_for(kWaitPause);
}

// Who may list a bucket may not always read it: cached bytes are given only to who may. What these
// credentials fetched themselves is proof enough.
void CacheStage::require_read_access(const std::string& tree) {
  const CacheReaders readers(layout_, request_.credentials);
  const bool known = readers.may_read(tree);
  std::atomic<const ListedObject*> refused{nullptr};
  const auto proofs = choose_proofs(known ? 1 : kProofs);
  const auto ask = [&](std::size_t i, std::stop_token stop) {
    if (!refused && !may_read(*proofs[i], std::move(stop))) refused = proofs[i];
  };
  PartRunner(affordable_connections(request_.transfer) - 1).run(proofs.size(), ask, stop_);
  if (const ListedObject* object = refused) {
    throw PastTheCache{.why = fmt::format("these keys may not read '{}', which this machine's "
                                          "cache has from others",
                                          printable(object->key())),
                       .may_use_cached = false};
  }
  if (!known) readers.remember(tree);
}

// One at random out of each stretch of the listing. Objects that are made of segments only when
// there are no others: their manifests are read too.
std::vector<const ListedObject*> CacheStage::choose_proofs(std::size_t most) const {
  std::vector<const ListedObject*> plain, segmented;
  for (const ListedObject& object : listing_) {
    if (object.size() == 0 || std::binary_search(own_.begin(), own_.end(), &object)) continue;
    (object.segmented() ? segmented : plain).push_back(&object);
  }
  const auto& candidates = plain.empty() ? segmented : plain;
  if (candidates.size() <= most) return candidates;
  std::random_device random;
  std::vector<const ListedObject*> chosen;
  for (std::size_t i = 0; i < most; ++i) {
    const std::size_t begin = candidates.size() * i / most;
    const std::size_t end = candidates.size() * (i + 1) / most;
    chosen.push_back(candidates[begin + random() % (end - begin)]);
  }
  return chosen;
}

bool CacheStage::may_read(const ListedObject& object, std::stop_token stop) {
  try {
    return store_.head(std::string(object.key()), std::move(stop)).has_value();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Forbidden || error.kind() == ErrorKind::NotFound) return false;
    throw;
  }
}

}  // namespace trainyard::objectstore
