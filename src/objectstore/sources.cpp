#include "objectstore/sources.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/strings.hpp"

namespace trainyard::objectstore {
namespace {

constexpr std::size_t kChunk = 256 * 1024;

[[noreturn]] void throw_shorter() {
  throw Error(ErrorKind::Conflict, "the file became shorter while it was read");
}

}  // namespace

std::size_t StringSource::read_at(std::uint64_t offset, char* into, std::size_t max) {
  if (offset >= bytes_.size()) return 0;
  const std::size_t count = std::min<std::uint64_t>(max, bytes_.size() - offset);
  std::memcpy(into, bytes_.data() + offset, count);
  return count;
}

FileSource::FileSource(Fd file) : file_(std::move(file)) {
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) throw_errno("read the size of a file");
  size_ = static_cast<std::uint64_t>(status.st_size);
}

std::size_t FileSource::read_at(std::uint64_t offset, char* into, std::size_t max) {
  if (offset >= size_) return 0;
  const std::size_t want = std::min<std::uint64_t>(max, size_ - offset);
  while (true) {
    const ssize_t got = ::pread(file_.get(), into, want, static_cast<off_t>(offset));
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0) throw_shorter();
    if (errno != EINTR) throw_errno("read a file for upload");
  }
}

std::size_t SourceSlice::read_at(std::uint64_t offset, char* into, std::size_t max) {
  if (offset >= length_) return 0;
  return source_.read_at(offset_ + offset, into, std::min<std::uint64_t>(max, length_ - offset));
}

void for_each_chunk(Source& source, const std::function<void(std::string_view)>& use) {
  std::string buffer(std::min<std::uint64_t>(kChunk, source.size()), '\0');
  for (std::uint64_t offset = 0; offset < source.size();) {
    const std::size_t got = source.read_at(offset, buffer.data(), buffer.size());
    if (got == 0) throw_shorter();
    use(std::string_view(buffer.data(), got));
    offset += got;
  }
}

std::string read_all(Source& source) {
  std::string bytes;
  bytes.reserve(source.size());
  for_each_chunk(source, [&](std::string_view chunk) { bytes.append(chunk); });
  return bytes;
}

std::string md5_of(Source& source) {
  Hasher hasher(Digest::Md5);
  for_each_chunk(source, [&](std::string_view chunk) { hasher.update(chunk); });
  return hasher.finish();
}

Checksum checksum_of(Source& source, ChecksumAlgorithm algorithm, const std::stop_token& stop) {
  ChecksumState state(algorithm);
  for_each_chunk(source, [&](std::string_view chunk) {
    if (stop.stop_requested()) throw Error(ErrorKind::Canceled, "stopped while reading a file");
    state.update(chunk);
  });
  return state.finish();
}

std::string download_bytes(ObjectStore& store, const std::string& key, std::uint64_t limit,
                           std::stop_token stop) {
  std::string bytes;
  store.get(
      key, std::nullopt, {},
      [&](std::string_view chunk) {
        if (chunk.size() > limit - bytes.size()) {
          throw Error(ErrorKind::TooLarge,
                      "the object '" + printable(key) + "' is larger than " + format_bytes(limit));
        }
        bytes.append(chunk);
      },
      stop);
  return bytes;
}

}  // namespace trainyard::objectstore
