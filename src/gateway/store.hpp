#pragma once
// What a gateway keeps on disk: the index, and the blobs that it refers to. Bytes of at most
// kInlineBytes live in the index, so that a small object costs one wait for the disk and no file.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fd.hpp"
#include "base/lock_file.hpp"
#include "gateway/blobs.hpp"
#include "gateway/graveyard.hpp"
#include "gateway/index.hpp"
#include "gateway/ranges.hpp"

namespace trainyard::gateway {

inline constexpr std::uint64_t kInlineBytes = 8 * 1024;

struct Store {
  // Takes the lock of `directory` (Conflict: another process has it) and starts a thread that
  // removes what crashes left behind.
  explicit Store(const std::filesystem::path& directory);

  LockFile lock;
  Index index;
  BlobStore blobs;
  Graveyard graveyard;
  std::jthread sweeper;
};

// A piece on its way into the index. Its blob is removed again unless keep() says that the change
// that names it is committed.
struct NewPiece {
  Piece piece;
  std::optional<BlobWriter> blob;
  void keep() noexcept {
    if (blob) blob->keep();
  }
};

// Takes `length` bytes, to the index or to a blob, which is on disk after finish().
class PieceWriter {
 public:
  PieceWriter(Store& store, std::uint64_t length);
  void write(std::string_view bytes);
  // `etag`, `checksum` and `modified` of the piece are the caller's to set.
  NewPiece finish();

 private:
  NewPiece out_;
};

// A part of a piece that a reader wants.
struct Slice {
  Piece piece;  // with its bytes when it has no blob
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};
// The slices of `range` out of an object's pieces. Reads the bytes that the index holds.
std::vector<Slice> slices_of(db::Connection& db, std::int64_t content, std::vector<Piece> pieces,
                             const ByteRange& range);

// Reads slices one after the other. Needs a Visit that began before the index was read.
class SliceReader {
 public:
  SliceReader(Store& store, std::vector<Slice> slices, std::shared_ptr<Graveyard::Visit> visit);
  // The next bytes, at most 256 KiB; empty at the end. Throws Corrupt when a blob is too short.
  std::string next();

 private:
  Store& store_;
  std::vector<Slice> slices_;
  std::shared_ptr<Graveyard::Visit> visit_;
  std::size_t at_ = 0;
  std::uint64_t done_ = 0;  // of the slice
  Fd file_;
};

}  // namespace trainyard::gateway
