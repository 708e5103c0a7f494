#pragma once
// Files that hold the bytes of objects. A blob is written once, under a name that was never used
// before, and never changed; whether it counts is for the index to say. Names are opaque texts that
// sort into 64 directories. Thread-safe. Throws Error (Exhausted: no space left, or less than the
// store leaves to the rest of the service).
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"

namespace trainyard::gateway {

class BlobStore;

// A blob being written. Destroyed before keep(), it removes its file.
class BlobWriter {
 public:
  BlobWriter(BlobWriter&& other) noexcept;
  BlobWriter& operator=(BlobWriter&&) = delete;
  ~BlobWriter();

  const std::string& name() const { return name_; }
  void write(std::string_view bytes);
  void append(const Fd& from, std::uint64_t offset, std::uint64_t length);
  // The bytes and the name are on disk when this returns.
  void sync();
  void keep() noexcept { kept_ = true; }

 private:
  friend class BlobStore;
  BlobWriter(const BlobStore& store, std::string name);

  const BlobStore* store_;
  std::string name_;
  Fd file_;
  std::uint64_t unchecked_ = 0;  // written since the last look at the disk
  bool kept_ = false;
};

class BlobStore {
 public:
  // Makes the directories. One process at a time may own `directory`. `spare` bytes of the disk
  // stay free of blobs.
  explicit BlobStore(std::filesystem::path directory);
  BlobStore(std::filesystem::path directory, std::uint64_t spare);

  BlobWriter create();
  // A second name for the same bytes (a hard link, or a copy where there are none), on disk.
  BlobWriter duplicate(const std::string& name);
  Fd open(const std::string& name) const;  // NotFound
  void remove(const std::string& name) const noexcept;

  // Removes what an earlier process wrote and no object came to refer to; returns how many.
  // `referenced` names, in order, the blobs in use whose names start with a shard ("0f-"). May run
  // beside everything else: names of this process are passed over. Ends early on `stop`.
  std::uint64_t sweep(
      const std::function<std::vector<std::string>(const std::string& shard)>& referenced,
      std::stop_token stop) const;

  std::filesystem::path path_of(const std::string& name) const;

 private:
  friend class BlobWriter;
  std::string new_name();
  void check_space() const;

  std::filesystem::path directory_;
  std::uint64_t spare_;
  std::string epoch_;  // of this process
  std::atomic<std::uint64_t> counter_{0};
};

}  // namespace trainyard::gateway
