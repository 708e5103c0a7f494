#include "objectstore/dataset_cache.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "objectstore/cache_layout.hpp"
#include "objectstore/cache_room.hpp"
#include "objectstore/cache_stage.hpp"
#include "objectstore/clone_tree.hpp"
#include "objectstore/listing.hpp"
#include "objectstore/transfer_log.hpp"
#include "objectstore/tree_download.hpp"

namespace trainyard::objectstore {

class Dataset::State {
 public:
  fs::path directory;
  bool shared = false;
  TreeReport report;
  // Of a tree of the cache; a data set that came past the cache has none.
  CacheLayout layout;
  std::string tree;
  std::optional<Lease> lease;
};

Dataset::Dataset(std::unique_ptr<State> state) : state_(std::move(state)) {}
Dataset::Dataset(Dataset&&) noexcept = default;
Dataset& Dataset::operator=(Dataset&&) noexcept = default;
Dataset::~Dataset() = default;

const fs::path& Dataset::directory() const { return state_->directory; }
bool Dataset::shared() const { return state_->shared; }
const TreeReport& Dataset::report() const { return state_->report; }

void Dataset::persist() {
  if (!state_->lease) return;
  const fs::path mark = state_->layout.durable(state_->tree);
  try {
    if (fs::exists(mark)) return;
    const Fd root = open_file(state_->layout.root, O_RDONLY | O_DIRECTORY);
    if (::syncfs(root.get()) != 0) throw_errno("sync " + state_->layout.root.string());
    write_file_atomic(mark, "");
  } catch (const std::exception& error) {
    log::warn("the cached data may have to be fetched again after a power failure: {}",
              error.what());
  }
}

namespace {

class Cache final : public DatasetCache {
 public:
  explicit Cache(CacheOptions options)
      : layout_{fs::absolute(options.directory)}, max_bytes_(options.max_bytes) {
    prepare_cache(layout_);
  }

  Dataset stage(ObjectStore& store, const StageRequest& request, std::stop_token stop) override {
    try {
      return stage_through(store, request, stop);
    } catch (const fs::filesystem_error& error) {
      throw system_error("use the data cache at " + printable(error.path1().native()),
                         error.code().value());
    }
  }

  void make_room(std::uint64_t bytes) override {
    CacheRoom(layout_, max_bytes_, 0).reserve({bytes, 0}, {});
  }
  CacheUsage usage() override { return measure_cache(layout_); }

 private:
  Dataset stage_through(ObjectStore& store, const StageRequest& request, std::stop_token stop) {
    Listing listing;
    try {
      return give(CacheStage(layout_, max_bytes_, store, request, listing, stop).run(), request,
                  stop);
    } catch (const PastTheCache& reason) {
      return past_the_cache(store, request, listing, reason, stop);
    }
  }

  Dataset give(CacheStage::Result result, const StageRequest& request, std::stop_token stop) {
    auto state = std::make_unique<Dataset::State>();
    state->layout = layout_;
    state->tree = std::move(result.tree);
    state->lease = std::move(result.lease);
    state->report = std::move(result.report);
    state->shared = request.access == DataAccess::SharedReadOnly;
    state->directory = layout_.tree(state->tree);
    if (!state->shared) {
      clone_tree(state->directory, request.directory, result.space, request.transfer.free_floor,
                 layout_.reservations(), stop);
      state->directory = request.directory;
    }
    return Dataset(std::move(state));
  }

  Dataset past_the_cache(ObjectStore& store, const StageRequest& request, const Listing& listing,
                         const PastTheCache& reason, std::stop_token stop) {
    if (request.directory.empty()) {
      throw Error(ErrorKind::Exhausted, "the data cannot be shared: " + reason.why);
    }
    TransferLog(request.transfer.on_log)
        .line("fetching the data for this run alone: {}", reason.why);
    const auto known = [&](const ListedObject& object) -> std::optional<Fd> {
      // Without an ETag it may be of another version.
      if (object.etag().empty() || !reason.may_use_cached) return std::nullopt;
      return open_object(layout_, object_id(store.description(), object), object.size());
    };
    auto state = std::make_unique<Dataset::State>();
    state->directory = request.directory;
    TransferOptions options = request.transfer;
    options.reservations = layout_.reservations();
    state->report =
        download_listed(store, listing, request.prefix, request.directory, options, known, stop);
    return Dataset(std::move(state));
  }

  CacheLayout layout_;
  std::uint64_t max_bytes_;
};

}  // namespace

std::unique_ptr<DatasetCache> open_dataset_cache(CacheOptions options) {
  return with_context("open the data cache", [&]() -> std::unique_ptr<DatasetCache> {
    return std::make_unique<Cache>(std::move(options));
  });
}

}  // namespace trainyard::objectstore
