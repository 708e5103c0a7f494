#include "base/lock_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.hpp"
#include "base/files.hpp"

namespace trainyard {

namespace {
constexpr std::uint64_t kMaxBytes = 4096;

bool lock_exclusively(const Fd& fd, const std::filesystem::path& path) {
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) throw_errno(fmt::format("lock {}", path.string()));
  }
  return true;
}

std::string content_or_empty(const std::filesystem::path& path) {
  try {
    return read_file(path, kMaxBytes);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::NotFound) return {};
    throw;
  }
}
}  // namespace

std::optional<LockFile> LockFile::try_acquire(const std::filesystem::path& path,
                                              std::string_view note) {
  Fd fd = open_file(path, O_RDWR | O_CREAT, 0600);
  if (!lock_exclusively(fd, path)) return std::nullopt;
  const auto self = ProcessIdentity::of(::getpid());
  if (!self) throw Error(ErrorKind::Internal, "/proc does not show this process: mount /proc");
  if (::ftruncate(fd.get(), 0) != 0) throw_errno(fmt::format("empty {}", path.string()));
  pwrite_all(fd, fmt::format("{}\n{}\n", self->to_string(), note), 0);
  return LockFile(std::move(fd));
}

std::optional<LockFile::Holder> LockFile::last_holder(const std::filesystem::path& path) {
  const std::string text = content_or_empty(path);
  const auto first = text.find('\n');
  const auto second = first == std::string::npos ? first : text.find('\n', first + 1);
  if (second == std::string::npos) return std::nullopt;  // still being written
  const auto process = ProcessIdentity::parse(std::string_view(text).substr(0, first));
  if (!process) return std::nullopt;
  return Holder{*process, text.substr(first + 1, second - first - 1)};
}

}  // namespace trainyard
