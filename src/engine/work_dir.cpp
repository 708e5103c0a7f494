#include "engine/work_dir.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/strings.hpp"

namespace trainyard::engine {

namespace {

constexpr std::uint64_t kMaxSmallFile = 4096;
constexpr std::size_t kTailBytes = 4096;

// Not synced to disk: these files matter only while the processes live that they speak of, and none
// of those outlives a power cut.
void write_small(const fs::path& path, std::string_view text) {
  write_all(open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0600), text);
}

std::optional<std::string> read_small(const fs::path& path) {
  try {
    std::string text = read_file(path, kMaxSmallFile);
    if (text.empty()) return std::nullopt;  // created, and then the service was killed
    return text;
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::NotFound) return std::nullopt;
    throw;
  }
}

std::string tail(const fs::path& path) {
  const Fd fd = open_file(path, O_RDONLY);
  const off_t size = ::lseek(fd.get(), 0, SEEK_END);
  ::lseek(fd.get(), std::max<off_t>(0, size - static_cast<off_t>(kTailBytes)), SEEK_SET);
  std::array<char, kTailBytes> buffer;
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const auto rest = std::span(buffer).subspan(filled);
    const std::size_t count = read_some(fd, std::as_writable_bytes(rest));
    if (count == 0) break;
    filled += count;
  }
  return {buffer.data(), filled};
}

}  // namespace

WorkDir::WorkDir(const fs::path& runs, const model::RunId& run)
    : run_(run), path_(runs / run.str()) {}

fs::path WorkDir::file(unsigned attempt, std::string_view kind) const {
  return path_ / fmt::format("attempt-{}.{}", attempt, kind);
}

void WorkDir::create() const { make_private_dir(path_); }

void WorkDir::write_token(const Secret& token) const {
  write_small(path_ / "token", token.reveal());
}

Fd WorkDir::open_learner_log() const {
  return open_file(path_ / "learner.log", O_WRONLY | O_CREAT | O_APPEND, 0600);
}

void WorkDir::write_handle(const LearnerHandle& handle) const {
  write_small(file(handle.attempt, "handle"), handle.to_string());
}

std::optional<LearnerHandle> WorkDir::handle_of(unsigned attempt) const {
  const auto text = read_small(file(attempt, "handle"));
  return text ? LearnerHandle::parse(*text) : std::nullopt;
}

std::optional<ProcessIdentity> WorkDir::lock_taken_by(unsigned attempt) const {
  const auto holder = LockFile::last_holder(path_ / "lock");
  if (!holder || holder->note != fmt::format("attempt {}", attempt)) return std::nullopt;
  return holder->process;
}

void WorkDir::write_exit(unsigned attempt, std::string_view detail) const {
  if (fs::exists(path_)) write_small(file(attempt, "exit"), detail);
}

std::optional<std::string> WorkDir::exit_of(unsigned attempt) const {
  return read_small(file(attempt, "exit"));
}

std::string WorkDir::last_words() const {
  const auto log = path_ / "learner.log";
  if (!fs::exists(log)) return {};
  const auto lines = split(tail(log), '\n');
  const auto last = std::find_if(lines.rbegin(), lines.rend(),
                                 [](const std::string& line) { return !trim(line).empty(); });
  return last == lines.rend() ? std::string() : printable(trim(*last));
}

}  // namespace trainyard::engine
