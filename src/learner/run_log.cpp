#include "learner/run_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/files.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"

namespace trainyard::learner {
namespace {

constexpr std::size_t kTailBytes = 64 * 1024;
constexpr std::size_t kLineLimit = 500;

std::string last_state(std::string_view line) {
  while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return printable(line.substr(line.rfind('\r') + 1), kLineLimit);
}

}  // namespace

RunLog::RunLog(const fs::path& file, const Clock& clock, std::function<void()> on_write)
    : file_(open_file(file, O_RDWR | O_CREAT | O_APPEND, 0600)),
      clock_(clock),
      on_write_(std::move(on_write)) {}

std::size_t RunLog::append(std::string_view bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::write(file_.get(), bytes.data() + done, bytes.size() - done);
    if (n > 0) {
      done += static_cast<std::size_t>(n);
    } else if (n == 0 || errno != EINTR) {
      break;
    }
  }
  return done;
}

bool RunLog::in_a_line() const {
  struct stat info {};
  char last = '\n';
  if (::fstat(file_.get(), &info) != 0 || info.st_size == 0) return false;
  return ::pread(file_.get(), &last, 1, info.st_size - 1) == 1 && last != '\n';
}

std::size_t RunLog::write(std::string_view bytes) {
  std::size_t done = 0;
  {
    const std::scoped_lock guard(mutex_);
    done = append(bytes);
  }
  if (done > 0 && on_write_) on_write_();
  return done;
}

std::size_t RunLog::own_line(std::string_view text) {
  std::size_t done = 0;
  {
    const std::scoped_lock guard(mutex_);
    if (in_a_line() && append("\n") == 0) return 0;
    done = append(text);
  }
  if (on_write_) on_write_();
  return done;
}

void RunLog::line(std::string_view text) {
  const std::string line = fmt::format("{} {}\n", format_millis(clock_.now()), text);
  if (own_line(line) < line.size()) log::warn("not in the run's log, the disk is full: {}", text);
}

void RunLog::copy_tail(const fs::path& file, std::size_t limit) { write(tail_of(file, limit)); }

std::string tail_of(const fs::path& file, std::size_t limit) {
  const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  const off_t from = std::max<off_t>(0, info.st_size - static_cast<off_t>(limit));
  std::string tail(static_cast<std::size_t>(info.st_size - from), '\0');
  const ssize_t got = ::pread(fd.get(), tail.data(), tail.size(), from);
  tail.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return tail;
}

std::vector<std::string> last_lines(const fs::path& file, std::size_t count) {
  const std::string tail = tail_of(file, kTailBytes);
  auto lines = split(tail, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  // The first was cut in its middle, unless it is all there is.
  if (tail.size() == kTailBytes && lines.size() > 1) lines.erase(lines.begin());
  if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<long>(count));
  for (std::string& line : lines) line = last_state(line);
  return lines;
}

}  // namespace trainyard::learner
