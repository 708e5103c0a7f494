#include "learner/result_upload.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <utility>

#include "base/files.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "learner/checkpoint_record.hpp"
#include "learner/directories.hpp"
#include "learner/transfer_progress.hpp"
#include "objectstore/progress.hpp"
#include "objectstore/retry.hpp"

namespace trainyard::learner {
namespace {

namespace os = objectstore;

constexpr Milliseconds kOldestLog{300'000};
constexpr std::string_view kLearnerFolder = "learner-1";

std::pair<dev_t, ino_t> identity_of(const Fd& directory) {
  struct stat info {};
  if (::fstat(directory.get(), &info) != 0) throw_errno("look at a directory of the results");
  return {info.st_dev, info.st_ino};
}

}  // namespace

// What a pass could not store; the first reason is logged.
struct ResultUpload::Failed {
  template <typename Fn>
  void attempt(Fn&& fn) {
    try {
      count += fn();
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::Canceled) throw;
      if (count++ == 0) log::warn("results wait for the end of the run: {}", e.what());
    }
  }
  std::uint64_t count = 0;
};

struct ResultUpload::Tree {
  fs::path directory;
  std::string prefix;
  // Of the directory that was there when it was last looked at.
  std::pair<dev_t, ino_t> identity{};
  std::unique_ptr<os::TreeUploader> uploader = nullptr;
  std::vector<std::string> reserved = {};
  bool of_checkpoints = false;
};

ResultUpload::ResultUpload(ResultUploadOptions options) : options_(std::move(options)) {
  const Layout& layout = options_.layout;
  trees_.push_back({.directory = layout.result_dir(),
                    .prefix = run_folder(),
                    .reserved = {std::string(kLearnerFolder)}});
  if (options_.command_began) {
    trees_.push_back({.directory = layout.checkpoint_dir(),
                      .prefix = options_.prefix + std::string(kCheckpoints) + "/",
                      .of_checkpoints = true});
  }
  trees_.push_back({.directory = layout.log_dir(),
                    .prefix = learner_folder(),
                    .reserved = {std::begin(kLogFiles), std::end(kLogFiles)}});
}

ResultUpload::~ResultUpload() = default;

std::string ResultUpload::run_folder() const {
  return options_.prefix + options_.layout.run_id + "/";
}
std::string ResultUpload::learner_folder() const {
  return fmt::format("{}{}/", run_folder(), kLearnerFolder);
}

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

// The checkpoints' record tells what uploaders before this one have replaced.
os::UploadRules ResultUpload::rules_of(const Tree& tree) const {
  const Layout& layout = options_.layout;
  os::UploadRules rules{.reserved = tree.reserved,
                        .names = {layout.seen(tree.directory), tree.directory}};
  if (tree.of_checkpoints) {
    rules.known = load_checkpoint_record(layout);
    rules.on_replace = [&layout](const std::string& path) {
      note_replaced_checkpoint(layout, path);
    };
  }
  return rules;
}

// False when there is nothing to store; then nothing is taken out of the bucket either: that a
// directory is not there proves nothing of the files that were in it. A command may have removed
// its directory and made another, which counts as the same.
bool ResultUpload::open(Tree& tree, os::Locked locked) {
  Fd directory = open_own_directory(options_.layout, tree.directory, locked);
  std::error_code error;
  if (!directory) {
    if (fs::symlink_status(tree.directory, error).type() == fs::file_type::not_found) return false;
    auto text = fmt::format("{} is no directory any more: nothing of it is stored",
                            options_.layout.seen(tree.directory).string());
    if (options_.tell && told_.insert(text).second) options_.tell(text);
    return false;
  }
  const auto identity = identity_of(directory);
  if (tree.uploader) {
    if (std::exchange(tree.identity, identity) != identity) {
      tree.uploader->move_to(std::move(directory));
    }
    return true;
  }
  if (fs::is_empty(tree.directory, error)) return false;
  os::TransferOptions options;
  options.on_progress = [this](const os::TransferProgress& progress) { report(progress, false); };
  options.on_log = [](std::string_view text) { log::info("{}", text); };
  tree.identity = identity;
  tree.uploader = os::make_tree_uploader(options_.store, std::move(directory), tree.prefix,
                                         std::move(options), rules_of(tree));
  return true;
}

// ---- while the command runs ---------------------------------------------------------------------

std::uint64_t ResultUpload::sync(Milliseconds quiet, std::stop_token stop) {
  Failed failed;
  if (const auto away = ask(stop)) {
    failed.attempt([&]() -> std::uint64_t { throw Error(*away); });
    return failed.count;
  }
  for (Tree& tree : trees_) {
    failed.attempt([&] {
      return open(tree, os::Locked::Leave) ? tree.uploader->sync(quiet, stop).failed_files : 0;
    });
  }
  return failed.count;
}

std::uint64_t ResultUpload::sync_logs(Milliseconds quiet, std::stop_token stop) {
  Failed failed;
  for (const auto name : kLogFiles) {
    failed.attempt([&] {
      sync_log(name, quiet, stop);
      return 0;
    });
  }
  return failed.count;
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
      if (open(tree, os::Locked::OpenUp)) store(tree, stop);
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
