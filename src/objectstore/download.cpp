#include <fcntl.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/ids.hpp"
#include "base/strings.hpp"
#include "objectstore/fetcher.hpp"
#include "objectstore/file_ops.hpp"
#include "objectstore/key_paths.hpp"
#include "objectstore/listing.hpp"
#include "objectstore/space.hpp"
#include "objectstore/transfer.hpp"
#include "objectstore/transfer_log.hpp"

namespace trainyard::objectstore {
namespace {

// Objects land under their ids, for while the listing runs not every path is known.
class Incoming final : public Landing {
 public:
  Incoming(fs::path directory, std::string store)
      : directory_(std::move(directory)), store_(std::move(store)) {
    make_directory(directory_);
  }

  Claimed claim(const ObjectInfo& object) override {
    return {Claim::Fetch, open_file(path(object), O_CREAT | O_EXCL | O_RDWR, 0644)};
  }
  void commit(const ObjectInfo&, Fd file) override { file.reset(); }

  fs::path path(const ObjectInfo& object) const { return directory_ / object_id(store_, object); }
  const fs::path& directory() const { return directory_; }

 private:
  fs::path directory_;
  std::string store_;
};

void require_empty(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (!fs::is_empty(directory, error) && !error) {
    throw Error(ErrorKind::Conflict,
                "the directory for the data, " + directory.string() + ", is not empty");
  }
  if (error) throw system_error("make the directory " + directory.string(), error.value());
}

void move_into_place(const Incoming& incoming, const Listing& listing, const KeyPaths& places,
                     const fs::path& directory) {
  for (const std::string& name : places.directories) make_directory(directory / name);
  for (std::size_t i = 0; i < listing.size(); ++i) {
    const fs::path from = incoming.path(listing[i]);
    if (places.paths[i].empty()) {
      unlink_file(from);
    } else {
      rename_file(from, directory / places.paths[i]);
    }
  }
  remove_tree(incoming.directory());
}

}  // namespace

std::string folder_prefix(std::string_view prefix) {
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  return prefix.empty() ? std::string() : std::string(prefix) + "/";
}

TreeReport download_tree(ObjectStore& store, const std::string& prefix, const fs::path& directory,
                         const TransferOptions& options, std::stop_token stop) {
  const TransferLog log(options.on_log);
  const auto begin = std::chrono::steady_clock::now();
  require_empty(directory);
  Incoming incoming(directory / (".incoming-" + random_hex(8)), store.description());
  ProgressMeter progress(options.on_progress);
  Listing listing;
  Space space(directory, options.free_floor);
  Fetcher fetcher(store, incoming, progress, affordable_connections(options), stop);
  list_all(
      store, prefix, listing,
      [&](std::size_t first) {
        fetcher.rethrow_error();
        const std::uint64_t bytes = total_bytes(listing, first);
        space.reserve(bytes);
        progress.add_total(listing.size() - first, bytes);
        for (std::size_t i = first; i < listing.size(); ++i) fetcher.add(listing[i]);
      },
      stop);
  progress.listing_complete();
  const std::uint64_t bytes = total_bytes(listing);
  log.line("{}: {}, {}, listed in {}", store.description(), count_files(listing.size()),
           format_bytes(bytes), format_since(begin));
  KeyPaths places = place_keys(listing, prefix);
  const FetchTotals totals = fetcher.finish();
  require_complete(listing, totals.files, totals.bytes);
  move_into_place(incoming, listing, places, directory);
  progress.finish();
  log.remarks(places.remarks);
  log_totals(log, totals, progress.snapshot().limited_by, begin);
  return {.files = listing.size(),
          .bytes = bytes,
          .transferred_files = totals.files,
          .transferred_bytes = totals.bytes,
          .remarks = std::move(places.remarks)};
}

}  // namespace trainyard::objectstore
