#include "learner/log_stream.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/files.hpp"

namespace trainyard::learner {

namespace {

constexpr std::uint64_t kMostOfCommand = 16u << 20;

}  // namespace

LogStream::LogStream(fs::path file, bool first_attempt, Writer writer)
    : file_(std::move(file)), writer_(writer) {
  inherited_ = size();
  if (first_attempt && inherited_ == 0) {
    known_ = true;
    ahead_ = 0;
  }
}

bool LogStream::exists() const {
  std::error_code missing;
  return fs::is_regular_file(fs::symlink_status(file_, missing));
}

std::uint64_t LogStream::size() const {
  if (!exists()) return 0;
  std::error_code missing;
  const auto size = fs::file_size(file_, missing);
  if (missing) return 0;
  return writer_ == Writer::Command ? std::min<std::uint64_t>(size, kMostOfCommand) : size;
}

bool LogStream::open() {
  if (fd_) return true;
  if (!exists()) return false;
  try {
    fd_ = open_file(file_, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (const Error&) {
    if (writer_ == Writer::Learner) throw;
  }
  return static_cast<bool>(fd_);
}

LogStream::Chunk LogStream::next(std::size_t max) {
  if (!open()) return {};
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
