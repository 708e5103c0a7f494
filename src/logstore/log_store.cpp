#include "logstore/log_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <unordered_map>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "base/files.hpp"

namespace trainyard::logstore {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"training-log.txt", "load-data.log",
                                                    "load-model.log"};
constexpr const char* kSeal = "sealed";
constexpr std::size_t kShards = 64;
constexpr std::size_t kTailBlock = 16 * 1024;

std::uint64_t size_of(const Fd& file) {
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) throw_errno("look at a log");
  return static_cast<std::uint64_t>(info.st_size);
}

// The wake-ups of each run, shared with the subscriptions, which may outlive the store.
class Watchers {
 public:
  std::uint64_t add(const model::RunId& run, std::function<void()> wake) {
    std::scoped_lock guard(mutex_);
    wakes_[run][next_] = std::move(wake);
    return next_++;
  }
  void remove(const model::RunId& run, std::uint64_t number) {
    std::scoped_lock guard(mutex_);
    const auto found = wakes_.find(run);
    if (found == wakes_.end()) return;
    found->second.erase(number);
    if (found->second.empty()) wakes_.erase(found);
  }
  // Under the lock, so that none is called after its subscription ended.
  void wake(const model::RunId& run) {
    std::scoped_lock guard(mutex_);
    const auto found = wakes_.find(run);
    if (found == wakes_.end()) return;
    for (const auto& [number, wake] : found->second) wake();
  }

 private:
  std::mutex mutex_;
  std::unordered_map<model::RunId, std::map<std::uint64_t, std::function<void()>>> wakes_;
  std::uint64_t next_ = 0;
};

class FileLogStore final : public LogStore {
 public:
  explicit FileLogStore(const fs::path& directory) : directory_(directory) {
    make_private_dir(directory_);
  }

  std::uint64_t append(const model::RunId& run, Stream stream, std::uint64_t offset,
                       std::string_view bytes) override {
    std::uint64_t size = 0;
    {
      std::scoped_lock guard(lock_of(run));
      make_private_dir(directory_ / run.str());
      const Fd file = open_file(path(run, stream), O_WRONLY | O_CREAT, 0600);
      size = size_of(file);
      if (offset > size) {
        throw Error(ErrorKind::Conflict, "log bytes are missing before those that came");
      }
      const std::uint64_t known = size - offset;
      if (known >= bytes.size()) return size;
      bytes.remove_prefix(static_cast<std::size_t>(known));
      pwrite_all(file, bytes, size);
      size += bytes.size();
    }
    watchers_->wake(run);
    return size;
  }

  std::uint64_t size(const model::RunId& run, Stream stream) override {
    struct stat info {};
    if (::stat(path(run, stream).c_str(), &info) != 0) return 0;
    return static_cast<std::uint64_t>(info.st_size);
  }

  std::string read(const model::RunId& run, Stream stream, std::uint64_t offset,
                   std::size_t max) override {
    const Fd file = open_existing(run, stream);
    if (!file) return "";
    const std::uint64_t size = size_of(file);
    if (offset >= size) return "";
    std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(max, size - offset)), '\0');
    std::size_t have = 0;
    while (have < bytes.size()) {
      const ssize_t got = ::pread(file.get(), bytes.data() + have, bytes.size() - have,
                                  static_cast<off_t>(offset + have));
      if (got < 0 && errno != EINTR) throw_errno("read a log");
      if (got == 0) break;
      if (got > 0) have += static_cast<std::size_t>(got);
    }
    bytes.resize(have);
    return bytes;
  }

  std::uint64_t offset_of_last_lines(const model::RunId& run, Stream stream,
                                     std::size_t lines) override {
    const std::uint64_t end = size(run, stream);
    if (lines == 0) return end;
    std::uint64_t at = end;
    std::size_t newlines = 0;
    while (at > 0) {
      const std::uint64_t from = at > kTailBlock ? at - kTailBlock : 0;
      const std::string block = read(run, stream, from, static_cast<std::size_t>(at - from));
      for (std::size_t i = block.size(); i-- > 0;) {
        const bool last_byte = from + i + 1 == end;  // ends the last line
        if (block[i] == '\n' && !last_byte && ++newlines == lines) return from + i + 1;
      }
      at = from;
    }
    return 0;
  }

  void seal(const model::RunId& run) override {
    {
      std::scoped_lock guard(lock_of(run));
      make_private_dir(directory_ / run.str());
      write_file_atomic(directory_ / run.str() / kSeal, "");
    }
    watchers_->wake(run);
  }
  bool sealed(const model::RunId& run) override {
    return ::access((directory_ / run.str() / kSeal).c_str(), F_OK) == 0;
  }

  Subscription subscribe(const model::RunId& run, std::function<void()> wake) override {
    const auto number = watchers_->add(run, std::move(wake));
    return {static_cast<void*>(nullptr),
            [watchers = watchers_, run, number](void*) { watchers->remove(run, number); }};
  }

  void remove(const model::RunId& run) override {
    std::scoped_lock guard(lock_of(run));
    remove_tree(directory_ / run.str());
  }

 private:
  fs::path path(const model::RunId& run, Stream stream) const {
    return directory_ / run.str() / file_name(stream);
  }
  Fd open_existing(const model::RunId& run, Stream stream) const {
    Fd file(::open(path(run, stream).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file && errno != ENOENT) throw_errno("open a log");
    return file;
  }
  std::mutex& lock_of(const model::RunId& run) {
    return locks_[std::hash<model::RunId>{}(run) % kShards];
  }

  const fs::path directory_;
  std::array<std::mutex, kShards> locks_;
  std::shared_ptr<Watchers> watchers_ = std::make_shared<Watchers>();
};

}  // namespace

std::string_view file_name(Stream stream) { return kNames.at(static_cast<std::size_t>(stream)); }

std::optional<Stream> parse_stream(std::string_view file_name) {
  const auto found = std::find(kNames.begin(), kNames.end(), file_name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Stream>(found - kNames.begin());
}

std::unique_ptr<LogStore> open_log_store(const fs::path& directory) {
  return std::make_unique<FileLogStore>(directory);
}

}  // namespace trainyard::logstore
