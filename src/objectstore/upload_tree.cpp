#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/strings.hpp"
#include "objectstore/block_checksums.hpp"
#include "objectstore/checksums.hpp"
#include "objectstore/fetcher.hpp"
#include "objectstore/listing.hpp"
#include "objectstore/local_tree.hpp"
#include "objectstore/part_runner.hpp"
#include "objectstore/progress.hpp"
#include "objectstore/same_bytes.hpp"
#include "objectstore/sources.hpp"
#include "objectstore/transfer.hpp"
#include "objectstore/transfer_log.hpp"
#include "objectstore/upload_keys.hpp"

namespace trainyard::objectstore {
namespace {

constexpr std::size_t kLongestShown = 2'000;  // any key, whole: the end is what tells it apart
constexpr unsigned kSyncConnections = 4;      // the command is to have the machine
constexpr ChecksumAlgorithm kKnownBy = ChecksumAlgorithm::Crc64Nvme;  // in KnownFile
constexpr unsigned kLookers = 3;                                      // beside the one who asked
constexpr unsigned kAttempts = 3;  // at a file that changes while it is read

enum class KeepSums { No, Yes };

// Counts what goes out, and never more than the file has.
class MeteredSource final : public Source {
 public:
  MeteredSource(Fd file, ProgressMeter& progress, KeepSums keep)
      : file_(std::move(file)), progress_(progress) {
    if (keep == KeepSums::Yes) sums_.emplace(file_.size());
  }
  std::uint64_t size() const override { return file_.size(); }
  std::size_t read_at(std::uint64_t offset, char* into, std::size_t max) override {
    const auto begin = ProgressMeter::Steady::now();
    const std::size_t got = file_.read_at(offset, into, max);
    progress_.add_disk(ProgressMeter::Steady::now() - begin);
    if (sums_) sums_->add(offset, {into, got});
    return got;
  }
  void sent(std::size_t bytes) override {
    const std::uint64_t before = sent_.fetch_add(bytes);
    if (before < size()) progress_.add_network(std::min<std::uint64_t>(bytes, size() - before), {});
  }
  void failed() { progress_.take_back(std::min<std::uint64_t>(sent_.exchange(0), size())); }
  void done() {
    const std::uint64_t sent = sent_;
    if (sent < size()) progress_.add_network(size() - sent, {});
  }
  const Fd& file() const { return file_.file(); }
  // Of what was read last: those bytes the store has compared with what arrived.
  std::optional<BlockChecksums::Values> sums() { return sums_ ? sums_->values() : std::nullopt; }

 private:
  FileSource file_;
  ProgressMeter& progress_;
  std::optional<BlockChecksums> sums_;
  std::atomic<std::uint64_t> sent_{0};
};

// File systems stamp changes with a clock that ticks each 1 to 10 ms: a file that is read within
// the tick of its last change could change again and look the same. Waits until that is over.
void let_tick_pass(const FileState& state) {
  constexpr std::chrono::nanoseconds kTick = Milliseconds(20);
  const auto now = std::chrono::nanoseconds(SystemClock().now().time_since_epoch());
  const auto left = std::chrono::nanoseconds(state.changed_ns) + kTick - now;
  if (left.count() > 0) std::this_thread::sleep_for(std::min(left, kTick));
}

class Uploader final : public TreeUploader {
 public:
  Uploader(ObjectStore& store, Fd directory, std::string prefix, TransferOptions options,
           UploadRules rules)
      : store_(store),
        directory_(std::move(directory), std::move(rules.names)),
        keys_(folder_prefix(prefix), std::move(rules.reserved)),
        on_replace_(std::move(rules.on_replace)),
        options_(std::move(options)),
        log_(options_.on_log) {
    for (KnownFile& file : rules.known) {
      std::string path = file.path;
      known_.emplace(std::move(path), std::move(file));
    }
  }

  TreeReport sync(Milliseconds quiet, std::stop_token stop) override {
    const std::int64_t latest =
        std::chrono::nanoseconds((SystemClock().now() - quiet).time_since_epoch()).count();
    Pass pass(*this, std::move(stop), {});
    pass.running = true;
    pass.run([&](const LocalFile& file) { return file.state.modified_ns <= latest; });
    if (pass.stop.stop_requested()) throw_stopped();
    return std::move(pass.report);
  }

  TreeReport finish(std::stop_token stop) override {
    Pass pass(*this, std::move(stop), options_.on_progress);
    pass.run([](const LocalFile&) { return true; });
    if (pass.stop.stop_requested()) throw_stopped();
    if (pass.first_error) std::rethrow_exception(pass.first_error);
    pass.remove_what_is_gone();
    log_.line("stored {}, {}, in {} (sent {} of them, {})", count_files(pass.report.files),
              format_bytes(pass.report.bytes), store_.description(), pass.report.transferred_files,
              format_bytes(pass.report.transferred_bytes));
    log_.remarks(pass.report.remarks);
    return std::move(pass.report);
  }

  void move_to(Fd directory) override { directory_.move_to(std::move(directory)); }

 private:
  // One walk through the directory.
  struct Pass {
    Pass(Uploader& owner, std::stop_token stop, ProgressMeter::Report on_progress)
        : self(owner), stop(std::move(stop)), progress(std::move(on_progress)) {}

    void run(const std::function<bool(const LocalFile&)>& wanted);
    void work();
    void put_last(const std::unordered_set<std::string>& paths);
    // While the command runs its modes are its own.
    Locked locked() const { return running ? Locked::Leave : Locked::OpenUp; }
    std::string key_of(const std::string& path);
    void upload(const LocalFile& file);
    bool try_upload(const LocalFile& file, const std::string& key);
    bool has_known_bytes(MeteredSource& source, const LocalFile& file);
    bool has_sent_bytes(MeteredSource& source, const LocalFile& file);
    bool is_unsure(const std::string& path);
    void begin_to_replace(const std::string& path);
    void remark(const std::string& path, std::string detail);
    void fail(const std::string& path, const std::exception_ptr& why);
    void remove_what_is_gone();
    void take_back(const std::string& path, std::size_t etag);

    Uploader& self;
    std::stop_token stop;
    ProgressMeter progress;
    bool running = false;  // the command is: files that change are left for later
    std::vector<LocalFile> todo;
    std::unordered_set<std::string> present;  // paths in the directory
    std::atomic<std::size_t> next{0}, stored{0};
    std::atomic<bool> away{false};  // the store: the rest is not tried in this pass
    std::mutex mutex;  // of what follows, and of what the uploader knows of files and keys
    TreeReport report;
    std::exception_ptr first_error;
  };

  [[noreturn]] static void throw_stopped() {
    throw Error(ErrorKind::Canceled, "the upload was stopped");
  }

  // What lies below the prefix from before; asked for once.
  void learn_what_is_there(std::stop_token stop) {
    if (learned_) return;
    there_.clear();  // of an attempt that failed
    listing_.clear();
    list_all(store_, keys_.prefix(), listing_, {}, std::move(stop));
    for (const ListedObject& object : listing_) there_.insert_or_assign(object.key(), &object);
    learned_ = true;
  }

  std::optional<ObjectInfo> find_there(const std::string& key, std::mutex& mutex) {
    std::scoped_lock guard(mutex);
    const auto found = there_.find(key);
    return found == there_.end() ? std::nullopt : std::optional(found->second->info());
  }

  // What the store has of a file. A program that writes through a memory map changes the bytes and
  // not the state: that alone proves nothing of a file that was sent while the command ran.
  struct Sent {
    FileState state;
    bool at_the_end = false;
    std::optional<BlockChecksums::Values> sums = {};  // of the bytes, when it was not
  };

  bool looks_stored(const LocalFile& file) const {
    const auto found = stored_.find(file.path);
    return found != stored_.end() && found->second.state == file.state &&
           !unsure_.contains(file.path);
  }
  bool is_stored_for_good(const LocalFile& file) const {
    return looks_stored(file) && stored_.at(file.path).at_the_end;
  }

  ObjectStore& store_;
  LocalDirectory directory_;
  UploadKeys keys_;
  const std::function<void(const std::string&)> on_replace_;
  TransferOptions options_;
  TransferLog log_;
  bool learned_ = false;
  Listing listing_;                                                  // what an earlier one stored
  std::unordered_map<std::string_view, const ListedObject*> there_;  // of it, by key
  std::unordered_map<std::string, Sent> stored_;                     // by path
  std::unordered_map<std::string, KnownFile> known_;  // by path: until we send others
  std::unordered_set<std::string> unsure_;            // paths of those whose last put failed
  std::unordered_set<std::string> failed_;            // paths, in the pass before
  // By path, what was not in the store before: the hash of the ETag that we sent last.
  std::unordered_map<std::string, std::size_t> brought_;
};

void Uploader::Pass::run(const std::function<bool(const LocalFile&)>& wanted) {
  LocalTree tree;
  try {
    tree = self.directory_.walk(locked());
    self.learn_what_is_there(stop);
  } catch (...) {
    return fail("", std::current_exception());
  }
  for (const auto& [path, why] : tree.unread) fail(path, std::make_exception_ptr(why));
  report.remarks = std::move(tree.skipped);
  for (LocalFile& file : tree.files) {
    ++report.files;
    report.bytes += file.state.size;
    present.insert(file.path);
    const bool stored = running ? self.looks_stored(file) : self.is_stored_for_good(file);
    if (!stored && wanted(file)) todo.push_back(std::move(file));
  }
  put_last(std::exchange(self.failed_, {}));
  for (const LocalFile& file : todo) progress.add_total(1, file.state.size);
  progress.listing_complete();
  const unsigned connections = affordable_connections(self.options_);
  const std::size_t threads = std::min<std::size_t>(
      running ? std::min(connections, kSyncConnections) : connections, todo.size());
  {
    std::vector<std::jthread> helpers;
    for (std::size_t i = 1; i < threads; ++i) helpers.emplace_back([this] { work(); });
    work();
  }
  if (away) report.failed_files += todo.size() - std::min<std::size_t>(next, todo.size());
  progress.finish();
}

void Uploader::Pass::work() {
  while (!stop.stop_requested() && !away) {
    const std::size_t i = next++;
    if (i >= todo.size()) return;
    const ProgressMeter::Busy busy(progress);
    const std::size_t stored_before = stored;
    try {
      upload(todo[i]);
      ++stored;
    } catch (const Error& error) {
      fail(todo[i].path, std::current_exception());
      // Worn out, and nobody else has got anything there meanwhile.
      if (error.retryable() && stored == stored_before) away = true;
    } catch (...) {
      fail(todo[i].path, std::current_exception());
    }
  }
}

// What fails alone must not keep the others from being tried.
void Uploader::Pass::put_last(const std::unordered_set<std::string>& paths) {
  std::stable_partition(todo.begin(), todo.end(),
                        [&](const LocalFile& file) { return !paths.contains(file.path); });
}

std::string Uploader::Pass::key_of(const std::string& path) {
  std::scoped_lock guard(mutex);
  return self.keys_.key_of(path, present);
}

void Uploader::Pass::upload(const LocalFile& file) {
  const std::string key = key_of(file.path);
  if (key != self.keys_.prefix() + file.path) {
    remark(file.path,
           "stored as " + printable(key, kLongestShown) + ": its own name is no key, or another's");
  }
  for (unsigned attempt = 1;; ++attempt) {
    try {
      if (try_upload(file, key)) return;
      if (running) return remark(file.path, "left for later: it changes");
      if (attempt == kAttempts) {
        return remark(file.path, "stored as it was at one moment: it changes all the time");
      }
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Conflict || attempt == kAttempts) throw;
      if (running) return remark(file.path, "left for later: it changes");
    }
  }
}

// False: stored, but the file has changed since.
bool Uploader::Pass::try_upload(const LocalFile& file, const std::string& key) {
  Fd opened;
  try {
    opened = self.directory_.open(file.path, locked());
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::NotFound) return true;  // deleted by its owner
    throw;
  }
  const FileState before = FileState::of(opened);
  let_tick_pass(before);
  MeteredSource source(std::move(opened), progress, running ? KeepSums::Yes : KeepSums::No);
  const std::optional<ObjectInfo> there = self.find_there(key, mutex);
  const bool unchanged =
      !is_unsure(file.path) && (has_known_bytes(source, file) || has_sent_bytes(source, file) ||
                                (there && has_bytes_of(source, *there, self.store_, stop)));
  std::size_t etag = 0;
  if (unchanged) {
    progress.add_cached_file(source.size());
  } else {
    begin_to_replace(file.path);
    try {
      etag = std::hash<std::string>()(self.store_.put(key, source, stop).etag);
    } catch (...) {
      source.failed();
      throw;
    }
    source.done();
    progress.file_done();
  }
  const bool same = FileState::of(source.file()) == before;
  std::scoped_lock guard(mutex);
  if (!unchanged) {
    const bool is_new = !there && !self.stored_.contains(file.path);
    if (is_new || self.brought_.contains(file.path)) {
      self.brought_.insert_or_assign(file.path, etag);
    }
    self.there_.erase(key);
    self.unsure_.erase(file.path);
    ++report.transferred_files;
    report.transferred_bytes += source.size();
  }
  if (same) self.stored_.insert_or_assign(file.path, Sent{before, !running, source.sums()});
  return same;
}

// Whether these are the bytes that came from the store.
bool Uploader::Pass::has_known_bytes(MeteredSource& source, const LocalFile& file) {
  std::string checksum;
  {
    std::scoped_lock guard(mutex);
    const auto found = self.known_.find(file.path);
    if (found == self.known_.end() || found->second.size != source.size()) return false;
    checksum = found->second.checksum;
  }
  return checksum_of(source, kKnownBy, stop).value == checksum;
}

// Whether an earlier pass sent just these bytes of the file.
bool Uploader::Pass::has_sent_bytes(MeteredSource& source, const LocalFile& file) {
  std::optional<BlockChecksums::Values> sums;
  {
    std::scoped_lock guard(mutex);
    const auto found = self.stored_.find(file.path);
    if (found == self.stored_.end() || found->second.state.size != source.size()) return false;
    sums = found->second.sums;
  }
  return sums && has_blocks(source, *sums);
}

// Whether a request failed that may have stored other bytes than those we know of.
bool Uploader::Pass::is_unsure(const std::string& path) {
  std::scoped_lock guard(mutex);
  return self.unsure_.contains(path);
}

void Uploader::Pass::begin_to_replace(const std::string& path) {
  {
    std::scoped_lock guard(mutex);
    self.unsure_.insert(path);
    if (self.known_.erase(path) == 0) return;
  }
  if (self.on_replace_) self.on_replace_(path);
}

void Uploader::Pass::remark(const std::string& path, std::string detail) {
  std::scoped_lock guard(mutex);
  report.remarks.push_back({path, std::move(detail)});
}

void Uploader::Pass::fail(const std::string& path, const std::exception_ptr& why) {
  std::scoped_lock guard(mutex);
  if (!first_error) first_error = why;
  ++report.failed_files;
  self.failed_.insert(path);
  try {
    std::rethrow_exception(why);
  } catch (const std::exception& error) {
    report.remarks.push_back({path, std::string("not stored: ") + error.what()});
  }
}

// Best effort: what remains is more than was asked for, and no reason to fail. That a walk did not
// see a file is no proof that it is gone.
void Uploader::Pass::remove_what_is_gone() {
  for (auto brought = self.brought_.begin(); brought != self.brought_.end();) {
    const auto& [path, etag] = *brought;
    try {
      if (present.contains(path) || !self.directory_.is_gone(path)) {
        ++brought;
        continue;
      }
      take_back(path, etag);
    } catch (const std::exception& error) {
      if (stop.stop_requested()) throw_stopped();
      remark(path, std::string("remains in the store: ") + error.what());
    }
    self.stored_.erase(path);
    brought = self.brought_.erase(brought);
  }
}

// Others may store below the same prefix: what stands there by now can be theirs.
void Uploader::Pass::take_back(const std::string& path, std::size_t etag) {
  const std::string key = key_of(path);
  const std::optional<ObjectInfo> there = self.store_.head(key, stop);
  if (!there) return;
  if (std::hash<std::string>()(there->etag) != etag) {
    return self.log_.line("left '{}' in the store: it is not what was confirmed to be stored there",
                          printable(key));
  }
  self.store_.remove(key, stop);
}

}  // namespace

std::vector<KnownFile> look_at_files(const std::filesystem::path& directory, std::stop_token stop) {
  const LocalDirectory root(open_file(directory, O_RDONLY | O_DIRECTORY));
  const LocalTree tree = root.walk(Locked::Leave);
  std::vector<KnownFile> files(tree.files.size());
  PartRunner(kLookers).run(
      files.size(),
      [&](std::size_t i, std::stop_token ended) {
        const std::string& path = tree.files[i].path;
        FileSource source(root.open(path, Locked::Leave));
        files[i] = {path, source.size(), checksum_of(source, kKnownBy, ended).value};
      },
      std::move(stop));
  return files;
}

std::unique_ptr<TreeUploader> make_tree_uploader(ObjectStore& store, Fd directory,
                                                 std::string prefix, TransferOptions options,
                                                 UploadRules rules) {
  return std::make_unique<Uploader>(store, std::move(directory), std::move(prefix),
                                    std::move(options), std::move(rules));
}

std::unique_ptr<TreeUploader> make_tree_uploader(ObjectStore& store,
                                                 std::filesystem::path directory,
                                                 std::string prefix, TransferOptions options,
                                                 UploadRules rules) {
  return make_tree_uploader(store, open_file(directory, O_RDONLY | O_DIRECTORY), std::move(prefix),
                            std::move(options), std::move(rules));
}

}  // namespace trainyard::objectstore
