#include "logstore/log_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/files.hpp"
#include "base/sync.hpp"
#include "logstore/file_cache.hpp"
#include "logstore/last_lines.hpp"
#include "logstore/subscribers.hpp"
#include "logstore/tail.hpp"

namespace trainyard::logstore {
namespace {

constexpr std::array<std::string_view, 4> kFileNames{"training-log.txt", "load-data.log",
                                                     "load-model.log", "evaluation-metrics.txt"};
constexpr std::array kStreams{Stream::Training, Stream::LoadData, Stream::LoadModel,
                              Stream::Metrics};
constexpr std::string_view kSealName = "sealed";
// Runs that share a lock, and the files that each lock keeps open: at most 256 in all, beside those
// that are on their way to followers.
constexpr std::size_t kShards = 32;
constexpr std::size_t kFilesOfShard = 8;

std::uint64_t size_of(const Fd& file) {
  struct stat info;
  if (::fstat(file.get(), &info) != 0) throw_errno("measure a log");
  return static_cast<std::uint64_t>(info.st_size);
}

std::string read_at(const Fd& file, std::uint64_t offset, std::size_t max) {
  std::string bytes(max, '\0');
  std::size_t filled = 0;
  while (filled < max) {
    const ssize_t count = ::pread(file.get(), bytes.data() + filled, max - filled,
                                  static_cast<off_t>(offset + filled));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno("read a log");
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  bytes.resize(filled);
  return bytes;
}

class FileLogStore final : public LogStore {
 public:
  explicit FileLogStore(fs::path directory) : directory_(std::move(directory)) {
    make_private_dir(directory_);
  }

  std::uint64_t append(const model::RunId& run, Stream stream, std::uint64_t offset,
                       std::string_view bytes) override {
    std::uint64_t before = 0;
    const std::uint64_t after = with_context(run.str(), [&] {
      auto shard = shard_of(run).lock();
      const auto existing = shard->files.open(path_of(run, stream));
      before = existing ? size_of(*existing) : 0;
      return append_at(*shard, run, stream, before, offset, bytes);
    });
    if (after != before) subscribers_->wake(run);
    return after;
  }

  std::uint64_t size(const model::RunId& run, Stream stream) override {
    const auto file = find_file(run, stream);
    return file ? size_of(*file) : 0;
  }

  std::string read(const model::RunId& run, Stream stream, std::uint64_t offset,
                   std::size_t max) override {
    std::shared_ptr<const Fd> file;
    {
      auto shard = shard_of(run).lock();
      if (auto known = shard->tail.read(run, stream, offset, max)) return std::move(*known);
      file = shard->files.open(path_of(run, stream));
    }
    if (!file) return {};
    const std::uint64_t size = size_of(*file);
    if (offset >= size) return {};
    return read_at(*file, offset, std::min<std::uint64_t>(max, size - offset));
  }

  Extent locate(const model::RunId& run, Stream stream, std::uint64_t offset,
                std::uint64_t max) override {
    auto file = find_file(run, stream);
    const std::uint64_t size = file ? size_of(*file) : 0;
    if (offset >= size) return {};
    return {std::move(file), std::min(max, size - offset)};
  }

  std::uint64_t offset_of_last_lines(const model::RunId& run, Stream stream,
                                     std::size_t lines) override {
    const auto file = find_file(run, stream);
    if (!file) return 0;
    return last_lines_begin(size_of(*file), lines, [&](std::uint64_t offset, std::size_t length) {
      return read_at(*file, offset, length);
    });
  }

  void seal(const model::RunId& run) override {
    with_context(run.str(), [&] {
      auto shard = shard_of(run).lock();
      if (is_sealed(run)) return;
      if (!fs::exists(directory_of(run))) return seal_nothing(run);
      shard->tail.forget(run);
      for (const Stream stream : kStreams) {
        if (shard->files.open(path_of(run, stream))) fsync_path(path_of(run, stream));
      }
      write_file_atomic(seal_of(run), "", 0600);
      fsync_path(directory_);
    });
    subscribers_->wake(run);
  }

  bool sealed(const model::RunId& run) override {
    const bool grows = shard_of(run).lock()->tail.is_of(run);
    return !grows && (is_sealed(run) || subscribers_->ended(run));
  }

  Subscription subscribe(const model::RunId& run, std::function<void()> wake) override {
    return subscribers_->add(run, std::move(wake));
  }

  void remove(const model::RunId& run) override {
    {
      auto shard = shard_of(run).lock();
      shard->tail.forget(run);
      shard->files.drop_below(directory_of(run));
      remove_tree(directory_of(run));
    }
    subscribers_->end(run);
  }

 private:
  // Serialises what changes the files of its runs.
  struct Shard {
    FileCache files{kFilesOfShard};
    Tail tail;
  };

  Sync<Shard>& shard_of(const model::RunId& run) {
    return shards_[std::hash<model::RunId>{}(run) % kShards];
  }
  fs::path directory_of(const model::RunId& run) const { return directory_ / run.str(); }
  fs::path path_of(const model::RunId& run, Stream stream) const {
    return directory_of(run) / file_name(stream);
  }
  fs::path seal_of(const model::RunId& run) const { return directory_of(run) / kSealName; }
  bool is_sealed(const model::RunId& run) const {
    return ::access(seal_of(run).c_str(), F_OK) == 0;
  }

  // There is no byte to keep: hundreds of runs that never began are canceled at once.
  void seal_nothing(const model::RunId& run) const {
    make_private_dir(directory_of(run));
    open_file(seal_of(run), O_WRONLY | O_CREAT, 0600);
  }

  std::shared_ptr<const Fd> find_file(const model::RunId& run, Stream stream) {
    return shard_of(run).lock()->files.open(path_of(run, stream));
  }

  std::uint64_t append_at(Shard& shard, const model::RunId& run, Stream stream, std::uint64_t size,
                          std::uint64_t offset, std::string_view bytes) const {
    if (offset > size) {
      throw Error(ErrorKind::Conflict,
                  fmt::format("{} has {} bytes, those at {} would leave a gap: send from {}",
                              file_name(stream), size, offset, size));
    }
    const std::uint64_t known = size - offset;  // of `bytes`
    if (known >= bytes.size()) return size;
    if (is_sealed(run)) {
      throw Error(ErrorKind::Forbidden, "the log is complete and takes no more bytes");
    }
    bytes.remove_prefix(known);
    shard.tail.forget(run);
    pwrite_all(*shard.files.open_or_create(path_of(run, stream)), bytes, size);
    shard.tail.appended(run, stream, size, bytes);
    return size + bytes.size();
  }

  fs::path directory_;
  std::array<Sync<Shard>, kShards> shards_;
  std::shared_ptr<Subscribers> subscribers_ = std::make_shared<Subscribers>();
};

}  // namespace

std::string_view file_name(Stream stream) { return kFileNames[static_cast<std::size_t>(stream)]; }

std::optional<Stream> parse_stream(std::string_view file_name) {
  const auto found = std::ranges::find(kFileNames, file_name);
  if (found == kFileNames.end()) return std::nullopt;
  return static_cast<Stream>(found - kFileNames.begin());
}

std::unique_ptr<LogStore> open_log_store(const fs::path& directory) {
  return std::make_unique<FileLogStore>(directory);
}

}  // namespace trainyard::logstore
