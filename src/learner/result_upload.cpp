#include "learner/result_upload.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/files.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "learner/directories.hpp"
#include "learner/transfer_progress.hpp"
#include "objectstore/progress.hpp"
#include "objectstore/retry.hpp"

namespace trainyard::learner {
namespace {

namespace os = objectstore;

constexpr Milliseconds kOldestLog{300'000};

std::pair<dev_t, ino_t> identity_of(const Fd& directory) {
  struct stat info {};
  if (::fstat(directory.get(), &info) != 0) throw_errno("look at a directory of the results");
  return {info.st_dev, info.st_ino};
}

}  // namespace

struct ResultUpload::Tree {
  fs::path directory;
  std::string prefix;
  // Of the directory that was there when it was last looked at.
  std::pair<dev_t, ino_t> identity{};
  std::unique_ptr<os::TreeUploader> uploader = nullptr;
};

ResultUpload::ResultUpload(ResultUploadOptions options) : options_(std::move(options)) {
  const Layout& layout = options_.layout;
  trees_.push_back({layout.result_dir(), run_folder()});
  trees_.push_back({layout.checkpoint_dir(), options_.prefix + std::string(kCheckpoints) + "/"});
  trees_.push_back({layout.log_dir(), learner_folder()});
}

ResultUpload::~ResultUpload() = default;

std::string ResultUpload::run_folder() const {
  return options_.prefix + options_.layout.run_id + "/";
}
std::string ResultUpload::learner_folder() const { return run_folder() + "learner-1/"; }

void ResultUpload::report(const os::TransferProgress& progress, bool only_trouble) {
  const auto retries = options_.retries ? options_.retries->state() : os::RetryState();
  const wire::Progress shown = wire_progress("storing", progress, retries);
  if (!options_.on_progress || (only_trouble && shown.trouble.empty())) return;
  options_.on_progress(shown);
}

// Of requests that belong to no transfer.
template <typename Fn>
auto ResultUpload::telling_trouble(Fn&& fn) {
  const os::ProgressMeter meter(
      [this](const os::TransferProgress& progress) { report(progress, true); });
  return fn();
}

// What a store that is away says.
std::optional<Error> ResultUpload::ask(std::stop_token stop) {
  try {
    options_.store.list(run_folder(), "", std::move(stop));
  } catch (const Error& e) {
    // Corrupt is what another's certificate or listing is.
    if (os::may_pass(e) || e.kind() == ErrorKind::Corrupt) return e;
  }
  return std::nullopt;
}

// False when there is nothing to store. A command may have removed its directory and made another.
bool ResultUpload::open(Tree& tree) {
  std::error_code error;
  const auto there = fs::symlink_status(tree.directory, error);
  if (there.type() == fs::file_type::not_found) return false;
  if (error) throw system_error("look at " + tree.directory.string(), error.value());
  Fd directory = open_own_directory(options_.layout, tree.directory);
  if (!directory) {
    auto text = fmt::format("{} is no directory any more: nothing of it is stored",
                            options_.layout.seen(tree.directory).string());
    if (options_.tell && told_.insert(text).second) options_.tell(text);
    return false;
  }
  const auto identity = identity_of(directory);
  if (tree.uploader && tree.identity == identity) return true;
  if (fs::is_empty(tree.directory, error)) return false;
  os::TransferOptions options;
  options.on_progress = [this](const os::TransferProgress& progress) { report(progress, false); };
  options.on_log = [](std::string_view text) { log::info("{}", text); };
  tree.identity = identity;
  tree.uploader =
      os::make_tree_uploader(options_.store, std::move(directory), tree.prefix, std::move(options));
  return true;
}

// ---- while the command runs ---------------------------------------------------------------------

std::uint64_t ResultUpload::sync(Milliseconds quiet, std::stop_token stop) {
  std::uint64_t failed = 0;
  const auto try_to = [&](auto&& fn) {
    try {
      failed += fn();
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::Canceled) throw;
      if (failed++ == 0) log::warn("results wait for the end of the run: {}", e.what());
    }
  };
  if (const auto away = ask(stop)) {
    try_to([&]() -> std::uint64_t { throw Error(*away); });
    return failed;
  }
  for (Tree& tree : trees_) {
    try_to([&] { return open(tree) ? tree.uploader->sync(quiet, stop).failed_files : 0; });
  }
  for (const auto name : kLogFiles) {
    try_to([&] {
      sync_log(name, quiet, stop);
      return 0;
    });
  }
  return failed;
}

void ResultUpload::sync_log(std::string_view name, Milliseconds quiet, std::stop_token stop) {
  const fs::path file = options_.layout.log_file(name);
  std::error_code missing;
  const auto changed = fs::last_write_time(file, missing);
  const auto size = fs::file_size(file, missing);
  if (missing) return;
  LogState& known = logs_[name];
  if (known.size == size && known.changed == changed) return;
  const auto now = fs::file_time_type::clock::now();
  if (now - changed < quiet && known.sent && now - *known.sent < kOldestLog) return;
  os::upload_file(options_.store, file, learner_folder() + std::string(name), std::move(stop));
  known = {size, changed, now};
}

// ---- at the end ---------------------------------------------------------------------------------

ResultUpload::Failures ResultUpload::finish(std::stop_token stop) {
  failures_ = {.lasting = {}, .passing = telling_trouble([&] { return ask(stop); })};
  if (failures_.passing) return failures_;
  for (Tree& tree : trees_) {
    attempt(stop, [&] {
      if (open(tree)) store(tree, stop);
    });
  }
  telling_trouble([&] {
    for (const auto name : kLogFiles) {
      const fs::path file = options_.layout.log_file(name);
      if (!fs::exists(file)) continue;
      const std::string key = learner_folder() + std::string(name);
      attempt(stop, [&] { os::upload_file(options_.store, file, key, stop); });
    }
    tidy(stop);
  });
  return failures_;
}

// Best effort. The checkpoints' folder is left alone: other runs may be uploading there.
void ResultUpload::tidy(std::stop_token stop) {
  try {
    const auto removed = options_.store.discard_unfinished(run_folder(), std::move(stop));
    if (removed != 0) log::info("removed what {} unfinished uploads had left", removed);
  } catch (const std::exception& e) {
    log::warn("parts of unfinished uploads may remain below {}: {}", run_folder(), e.what());
  }
}

void ResultUpload::store(Tree& tree, std::stop_token stop) {
  for (const auto& remark : tree.uploader->finish(std::move(stop)).remarks) {
    auto text = fmt::format("{}: {}", printable(remark.name), remark.detail);
    if (options_.tell && told_.insert(text).second) options_.tell(text);
  }
}

template <typename Fn>
void ResultUpload::attempt(std::stop_token stop, Fn&& fn) {
  const auto keep = [&](const Error& error, bool passes) {
    auto& place = passes ? failures_.passing : failures_.lasting;
    if (!place) place = error;
  };
  try {
    fn();
  } catch (const Error& e) {
    keep(e, os::may_pass(e) || (e.kind() == ErrorKind::Corrupt && ask(std::move(stop))));
  } catch (const std::exception& e) {
    keep(Error(ErrorKind::Internal, e.what()), false);
  }
}

}  // namespace trainyard::learner
