#include "gateway/blobs.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/ids.hpp"
#include "base/strings.hpp"

namespace trainyard::gateway {
namespace {

constexpr unsigned kShards = 64;
constexpr std::uint64_t kSpare = 128u << 20;
constexpr std::uint64_t kCheckEvery = 16u << 20;

void copy_range(const Fd& from, const Fd& to, std::uint64_t offset, std::uint64_t length) {
  auto in = static_cast<off64_t>(offset);
  while (length > 0) {
    const ssize_t count = ::copy_file_range(from.get(), &in, to.get(), nullptr, length, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno("copy a blob");
    if (count == 0) throw Error(ErrorKind::Corrupt, "a blob is shorter than the index says");
    length -= std::uint64_t(count);
  }
}

}  // namespace

BlobWriter::BlobWriter(const BlobStore& store, std::string name)
    : store_(&store), name_(std::move(name)) {}

BlobWriter::BlobWriter(BlobWriter&& other) noexcept
    : store_(other.store_),
      name_(std::move(other.name_)),
      file_(std::move(other.file_)),
      unchecked_(other.unchecked_),
      kept_(std::exchange(other.kept_, true)) {}

BlobWriter::~BlobWriter() {
  if (!kept_) store_->remove(name_);
}

void BlobWriter::write(std::string_view bytes) {
  unchecked_ += bytes.size();
  if (unchecked_ >= kCheckEvery) {
    store_->check_space();
    unchecked_ = 0;
  }
  write_all(file_, bytes);
}

void BlobWriter::append(const Fd& from, std::uint64_t offset, std::uint64_t length) {
  store_->check_space();
  copy_range(from, file_, offset, length);
}

void BlobWriter::sync() {
  if (::fsync(file_.get()) != 0) throw_errno("write a blob to disk");
  file_.reset();
  fsync_path(store_->path_of(name_).parent_path());
}

BlobStore::BlobStore(fs::path directory, std::uint64_t spare)
    : directory_(std::move(directory)), spare_(spare), epoch_(random_hex(4)) {
  for (unsigned shard = 0; shard < kShards; ++shard) {
    make_private_dir(directory_ / fmt::format("{:02x}", shard));
  }
  fsync_path(directory_);
}

BlobStore::BlobStore(fs::path directory) : BlobStore(std::move(directory), kSpare) {
  spare_ = spare_bytes(directory_, kSpare, 16);
}

void BlobStore::check_space() const {
  const std::uint64_t free = free_bytes(directory_);
  if (free >= spare_) return;
  throw Error(ErrorKind::Exhausted,
              fmt::format("the disk has {} free, of which {} stay free for the service",
                          format_bytes(free), format_bytes(spare_)));
}

// "<shard>-<epoch>-<counter>"
std::string BlobStore::new_name() {
  const std::uint64_t number = ++counter_;
  return fmt::format("{:02x}-{}-{:x}", number % kShards, epoch_, number);
}

fs::path BlobStore::path_of(const std::string& name) const {
  return directory_ / name.substr(0, 2) / name;
}

BlobWriter BlobStore::create() {
  check_space();
  BlobWriter writer(*this, new_name());
  writer.file_ = open_file(path_of(writer.name_), O_CREAT | O_EXCL | O_WRONLY, 0600);
  return writer;
}

BlobWriter BlobStore::duplicate(const std::string& name) {
  BlobWriter writer(*this, new_name());
  const fs::path to = path_of(writer.name_);
  if (::link(path_of(name).c_str(), to.c_str()) == 0) {
    fsync_path(to.parent_path());
    return writer;
  }
  if (errno == ENOENT) throw_errno("duplicate a blob");
  const Fd from = open(name);
  writer.file_ = open_file(to, O_CREAT | O_EXCL | O_WRONLY, 0600);
  writer.append(from, 0, fs::file_size(path_of(name)));
  writer.sync();
  return writer;
}

Fd BlobStore::open(const std::string& name) const { return open_file(path_of(name), O_RDONLY); }

void BlobStore::remove(const std::string& name) const noexcept { ::unlink(path_of(name).c_str()); }

std::uint64_t BlobStore::sweep(
    const std::function<std::vector<std::string>(const std::string&)>& referenced,
    std::stop_token stop) const {
  std::uint64_t removed = 0;
  const std::string ours = fmt::format("-{}-", epoch_);
  for (unsigned shard = 0; shard < kShards && !stop.stop_requested(); ++shard) {
    // The files first: a name that is in use now was in use then.
    const std::string prefix = fmt::format("{:02x}-", shard);
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(path_of(prefix).parent_path())) {
      std::string name = entry.path().filename().string();
      if (name.find(ours) == std::string::npos) names.push_back(std::move(name));
    }
    if (names.empty()) continue;
    const std::vector<std::string> in_use = referenced(prefix);
    for (const std::string& name : names) {
      if (std::binary_search(in_use.begin(), in_use.end(), name)) continue;
      remove(name);
      ++removed;
    }
  }
  return removed;
}

}  // namespace trainyard::gateway
