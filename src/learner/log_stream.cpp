#include "learner/log_stream.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/files.hpp"

namespace trainyard::learner {

LogStream::LogStream(fs::path file, bool first_attempt) : file_(std::move(file)) {
  inherited_ = size();
  if (first_attempt && inherited_ == 0) {
    known_ = true;
    ahead_ = 0;
  }
}

bool LogStream::exists() const {
  std::error_code missing;
  return fs::exists(file_, missing);
}

std::uint64_t LogStream::size() const {
  std::error_code missing;
  const auto size = fs::file_size(file_, missing);
  return missing ? 0 : size;
}

LogStream::Chunk LogStream::next(std::size_t max) {
  if (!fd_) {
    if (!exists()) return {};
    fd_ = open_file(file_, O_RDONLY);
  }
  Chunk chunk{.offset = position_ + (position_ >= inherited_ ? ahead_ : 0),
              .bytes = std::string(max, '\0')};
  if (position_ < inherited_) chunk.bytes.resize(std::min(max, inherited_ - position_));
  const ssize_t got =
      ::pread(fd_.get(), chunk.bytes.data(), chunk.bytes.size(), static_cast<off_t>(position_));
  if (got < 0) throw_errno("read " + file_.string());
  chunk.bytes.resize(static_cast<std::size_t>(got));
  return chunk;
}

void LogStream::server_has(std::uint64_t size) {
  known_ = true;
  if (size < inherited_) {
    ahead_ = 0;
    position_ = size;
  } else if (size - inherited_ < ahead_) {
    ahead_ = size - inherited_;
    position_ = inherited_;
  } else {
    position_ = size - ahead_;
  }
}

}  // namespace trainyard::learner
