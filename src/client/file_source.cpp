#include "client/file_source.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/files.hpp"

namespace trainyard::client {

FileSource::FileSource(const fs::path& path, Progress on_read)
    : path_(path),
      file_(open_file(path, O_RDONLY)),
      size_(fs::file_size(path)),
      on_read_(std::move(on_read)) {}

std::size_t FileSource::read(char* into, std::size_t max) {
  const auto wanted = std::min<std::uint64_t>(max, size_ - offset_);
  ssize_t got = 0;
  do {
    got = ::pread(file_.get(), into, wanted, static_cast<off_t>(offset_));
  } while (got < 0 && errno == EINTR);
  if (got < 0) throw_errno("read " + path_.string());
  if (got == 0 && wanted > 0) {
    throw Error(ErrorKind::InvalidInput, path_.string() + " became shorter while it was sent");
  }
  offset_ += static_cast<std::uint64_t>(got);
  if (on_read_) on_read_(offset_, size_);
  return static_cast<std::size_t>(got);
}

}  // namespace trainyard::client
