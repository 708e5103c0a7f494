#include "learner/output_pump.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.hpp"

namespace trainyard::learner {
namespace {

constexpr std::size_t kReadSize = 64 * 1024;
constexpr int kPipeSize = 1 << 20;

}  // namespace

OutputPump::OutputPump(Fd from, RunLog& log)
    : from_(std::move(from)), log_(log), buffer_(kReadSize, '\0') {
  if (::fcntl(from_.get(), F_SETFL, O_NONBLOCK) != 0) throw_errno("set O_NONBLOCK");
  ::fcntl(from_.get(), F_SETPIPE_SZ, kPipeSize);  // a larger one only saves switches
}

bool OutputPump::once() {
  if (!pending_.empty()) return write_pending();
  if (!open_) return false;
  const ssize_t got = ::read(from_.get(), buffer_.data(), buffer_.size());
  if (got < 0) {
    if (errno == EINTR) return true;
    if (errno != EAGAIN) open_ = false;
    return false;
  }
  if (got == 0) {
    open_ = false;
    return false;
  }
  pending_.assign(buffer_, 0, static_cast<std::size_t>(got));
  return write_pending();
}

bool OutputPump::write_pending() {
  const std::size_t written = log_.write(pending_);
  pending_.erase(0, written);
  return written > 0;
}

}  // namespace trainyard::learner
