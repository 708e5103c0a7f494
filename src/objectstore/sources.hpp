#pragma once
// Sources of uploads, and whole objects in memory.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

#include "base/fd.hpp"
#include "objectstore/checksums.hpp"
#include "objectstore/object_store.hpp"

namespace trainyard::objectstore {

class StringSource final : public Source {
 public:
  explicit StringSource(std::string bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_.size(); }
  std::size_t read_at(std::uint64_t offset, char* into, std::size_t max) override;

 private:
  std::string bytes_;
};

// An open regular file with the size that it had when it was opened. read_at throws Conflict when
// the file became shorter.
class FileSource final : public Source {
 public:
  explicit FileSource(Fd file);
  std::uint64_t size() const override { return size_; }
  std::size_t read_at(std::uint64_t offset, char* into, std::size_t max) override;
  const Fd& file() const { return file_; }

 private:
  Fd file_;
  std::uint64_t size_ = 0;
};

// `length` bytes of a source from `offset`, for one part of an upload.
class SourceSlice final : public Source {
 public:
  SourceSlice(Source& source, std::uint64_t offset, std::uint64_t length)
      : source_(source), offset_(offset), length_(length) {}
  std::uint64_t size() const override { return length_; }
  std::size_t read_at(std::uint64_t offset, char* into, std::size_t max) override;
  void sent(std::size_t bytes) override { source_.sent(bytes); }

 private:
  Source& source_;
  std::uint64_t offset_;
  std::uint64_t length_;
};

// The bytes in order. Throws Conflict when the source ends before its size.
void for_each_chunk(Source& source, const std::function<void(std::string_view)>& use);
std::string read_all(Source& source);
std::string md5_of(Source& source);  // raw digest
// Of all of it; Canceled when `stop` is requested meanwhile.
Checksum checksum_of(Source& source, ChecksumAlgorithm algorithm, const std::stop_token& stop = {});

// The whole object; TooLarge above `limit`.
std::string download_bytes(ObjectStore& store, const std::string& key, std::uint64_t limit,
                           std::stop_token stop = {});

}  // namespace trainyard::objectstore
