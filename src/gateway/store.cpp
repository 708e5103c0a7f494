#include "gateway/store.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"

namespace trainyard::gateway {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;

LockFile acquire(const fs::path& directory) {
  make_private_dir(directory);
  auto lock = LockFile::try_acquire(directory / "lock", "store");
  if (!lock) {
    throw Error(ErrorKind::Conflict,
                fmt::format("another process serves the object store in {}; stop it first",
                            directory.string()));
  }
  return *std::move(lock);
}

void sweep(Store& store, std::stop_token stop) {
  try {
    const auto referenced = [&](const std::string& shard) {
      return store.index.read([&](db::Connection& db) { return blobs_of_shard(db, shard); });
    };
    const auto removed = store.blobs.sweep(referenced, stop);
    if (removed > 0) log::info("store: removed {} blobs of unfinished uploads", removed);
  } catch (const Error& error) {
    log::warn("store: cannot look for blobs of unfinished uploads: {}", error.what());
  }
}

std::string pread_some(const Fd& file, std::uint64_t offset, std::uint64_t length) {
  std::string out(std::size_t(std::min<std::uint64_t>(length, kReadBytes)), '\0');
  ssize_t count = 0;
  do {
    count = ::pread(file.get(), out.data(), out.size(), off_t(offset));
  } while (count < 0 && errno == EINTR);
  if (count < 0) throw_errno("read a blob");
  if (count == 0) throw Error(ErrorKind::Corrupt, "a blob is shorter than the index says");
  out.resize(std::size_t(count));
  return out;
}

}  // namespace

Store::Store(const fs::path& directory)
    : lock(acquire(directory)),
      index(directory / "index.sqlite"),
      blobs(directory / "blobs"),
      graveyard([this](const std::string& name) { blobs.remove(name); }),
      sweeper([this](std::stop_token stop) { sweep(*this, stop); }) {}

PieceWriter::PieceWriter(Store& store, std::uint64_t length) {
  out_.piece.size = length;
  if (length <= kInlineBytes) {
    out_.piece.bytes.reserve(std::size_t(length));
  } else {
    out_.blob.emplace(store.blobs.create());
    out_.piece.blob = out_.blob->name();
  }
}

void PieceWriter::write(std::string_view bytes) {
  if (out_.blob) {
    out_.blob->write(bytes);
  } else {
    out_.piece.bytes += bytes;
  }
}

NewPiece PieceWriter::finish() {
  if (out_.blob) out_.blob->sync();
  return std::move(out_);
}

std::vector<Slice> slices_of(db::Connection& db, std::int64_t content, std::vector<Piece> pieces,
                             const ByteRange& range) {
  std::vector<Slice> out;
  const std::uint64_t end = range.offset + range.length;
  for (Piece& piece : pieces) {
    const std::uint64_t first = std::max(piece.start, range.offset);
    const std::uint64_t last = std::min(piece.start + piece.size, end);
    if (first >= last) continue;
    if (piece.blob.empty()) piece.bytes = bytes_of(db, content, piece.number);
    const std::uint64_t offset = first - piece.start;
    out.push_back({std::move(piece), offset, last - first});
  }
  return out;
}

SliceReader::SliceReader(Store& store, std::vector<Slice> slices,
                         std::shared_ptr<Graveyard::Visit> visit)
    : store_(store), slices_(std::move(slices)), visit_(std::move(visit)) {}

std::string SliceReader::next() {
  if (at_ == slices_.size()) return {};
  const Slice& slice = slices_[at_];
  std::string out;
  if (slice.piece.blob.empty()) {
    out = slice.piece.bytes.substr(std::size_t(slice.offset), std::size_t(slice.length));
  } else {
    if (!file_) file_ = store_.blobs.open(slice.piece.blob);
    out = pread_some(file_, slice.offset + done_, slice.length - done_);
  }
  done_ += out.size();
  if (done_ == slice.length) {
    ++at_;
    done_ = 0;
    file_.reset();
  }
  return out;
}

}  // namespace trainyard::gateway
