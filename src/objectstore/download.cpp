#include <fcntl.h>
#include <fmt/format.h>

#include <atomic>
#include <chrono>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/ids.hpp"
#include "base/strings.hpp"
#include "objectstore/clone_tree.hpp"
#include "objectstore/fetcher.hpp"
#include "objectstore/file_ops.hpp"
#include "objectstore/key_paths.hpp"
#include "objectstore/listing.hpp"
#include "objectstore/space.hpp"
#include "objectstore/transfer.hpp"
#include "objectstore/transfer_log.hpp"
#include "objectstore/tree_download.hpp"

namespace trainyard::objectstore {
namespace {

// While the listing runs not every path is known: objects land under names that only tell them
// apart.
class Incoming final : public Landing {
 public:
  Incoming(fs::path directory, Space& space, KnownObjects known, std::stop_token stop)
      : directory_(std::move(directory)),
        space_(space),
        known_(std::move(known)),
        stop_(std::move(stop)) {
    make_directory(directory_);
  }

  Claimed claim(const ListedObject& object) override {
    Fd file = create_readable(path(object));
    const auto known = known_ ? known_(object) : std::nullopt;
    if (!known) {
      if (object.size() > kPreallocatedAbove && preallocate(file, object.size())) {
        preallocates_ = true;
        space_.written(object.size());
      }
      return {Claim::Fetch, std::move(file)};
    }
    clone_file(*known, file, stop_);
    space_.written(object.size());
    ++copied_files_;
    copied_bytes_ += object.size();
    return {Claim::Present, {}};
  }
  void commit(const ListedObject& object, Fd file) override {
    file.reset();
    if (object.size() <= kPreallocatedAbove || !preallocates_) space_.written(object.size());
  }

  fs::path path(const ListedObject& object) const {
    return directory_ / fmt::format("{}", fmt::ptr(&object));
  }
  const fs::path& directory() const { return directory_; }
  std::uint64_t copied_files() const { return copied_files_; }
  std::uint64_t copied_bytes() const { return copied_bytes_; }

 private:
  fs::path directory_;
  Space& space_;
  KnownObjects known_;
  std::stop_token stop_;
  std::atomic<bool> preallocates_{false};  // large files, on this file system
  std::atomic<std::uint64_t> copied_files_{0}, copied_bytes_{0};
};

void require_empty(const fs::path& directory) {
  std::error_code error;
  if (fs::create_directories(directory, error)) {
    fs::permissions(directory, fs::perms(0755), error);  // past the umask
  }
  if (!fs::is_empty(directory, error) && !error) {
    throw Error(ErrorKind::Conflict,
                "the directory for the data, " + directory.string() + ", is not empty");
  }
  if (error) throw system_error("make the directory " + directory.string(), error.value());
}

void move_into_place(const Incoming& incoming, const std::string& store, const Listing& listing,
                     const KeyPaths& places, const fs::path& directory) {
  for (const std::string& name : places.directories()) make_directory(directory / name);
  for (std::size_t i = 0; i < listing.size(); ++i) {
    const fs::path from = incoming.path(listing[i]);
    if (const std::string_view path = places.path(i); path.empty()) {
      unlink_file(from);
    } else if (!rename_to_new(from, directory / path)) {
      throw_listed_twice(store, listing[i].key());
    }
  }
  remove_tree(incoming.directory());
}

class TreeDownload {
 public:
  TreeDownload(ObjectStore& store, const std::string& prefix, const fs::path& directory,
               const TransferOptions& options, KnownObjects known, std::stop_token stop)
      : store_(store.description()),
        prefix_(prefix),
        directory_(directory),
        log_(options.on_log),
        space_(directory, options.free_floor, options.reservations),
        incoming_(directory / (".incoming-" + random_hex(8)), space_, std::move(known), stop),
        progress_(options.on_progress),
        fetcher_(store, incoming_, progress_, affordable_connections(options), stop) {}

  // The listing has grown, and is not known to be complete.
  void on_page(const Listing& listing, std::size_t first) {
    fetcher_.rethrow_error();
    const DiskSpace page = space_of(listing, first);
    listed_ = listed_ + page;
    space_.require_possible(listed_);
    progress_.add_total(listing.size() - first, total_bytes(listing, first));
    if (handed_over_ == first && space_.reserve_early(page)) fetch_on(listing);
  }

  TreeReport finish(const Listing& listing) {
    const KeyPaths places = place_keys(listing, prefix_);
    space_.reserve(space_of(listing, handed_over_) + directory_space(places.directories().size()));
    progress_.listing_complete();
    fetch_on(listing);
    const FetchTotals totals = fetcher_.finish();
    require_complete(listing, totals.files + incoming_.copied_files(),
                     totals.bytes + incoming_.copied_bytes());
    move_into_place(incoming_, store_, listing, places, directory_);
    progress_.finish();
    log_places(log_, listing, places);
    log_totals(log_, totals, progress_.snapshot().limited_by, begin_);
    return {.files = listing.size(),
            .bytes = total_bytes(listing),
            .transferred_files = totals.files,
            .transferred_bytes = totals.bytes,
            .remarks = places.remarks()};
  }

 private:
  void fetch_on(const Listing& listing) {
    for (; handed_over_ < listing.size(); ++handed_over_) fetcher_.add(listing[handed_over_]);
  }

  const std::string& store_;
  const std::string& prefix_;
  const fs::path& directory_;
  const TransferLog log_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  Space space_;
  Incoming incoming_;
  ProgressMeter progress_;
  DiskSpace listed_;
  std::size_t handed_over_ = 0;  // so many objects of the listing are being fetched
  Fetcher fetcher_;              // last: it ends before what it uses
};

}  // namespace

std::string folder_prefix(std::string_view prefix) {
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  return prefix.empty() ? std::string() : std::string(prefix) + "/";
}

TreeReport download_tree(ObjectStore& store, const std::string& prefix, const fs::path& directory,
                         const TransferOptions& options, std::stop_token stop) {
  require_empty(directory);
  const auto begin = std::chrono::steady_clock::now();
  Listing listing;  // outlives those who fetch from it
  TreeDownload download(store, prefix, directory, options, {}, stop);
  list_for_reading(
      store, prefix, affordable_connections(options), listing,
      [&](std::size_t first) { download.on_page(listing, first); }, stop);
  TransferLog(options.on_log)
      .line("{}: {}, {}, listed in {}", store.description(), count_files(listing.size()),
            format_bytes(total_bytes(listing)), format_since(begin));
  return download.finish(listing);
}

TreeReport download_listed(ObjectStore& store, const Listing& listing, const std::string& prefix,
                           const fs::path& directory, const TransferOptions& options,
                           KnownObjects known, std::stop_token stop) {
  require_empty(directory);
  TreeDownload download(store, prefix, directory, options, std::move(known), std::move(stop));
  return download.finish(listing);
}

}  // namespace trainyard::objectstore
