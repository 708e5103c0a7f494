#include "accounts/audit_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/strings.hpp"
#include "base/sync.hpp"

namespace trainyard::accounts {
namespace {

constexpr std::size_t kMostBytesRead = 8u << 20;

class FileAuditLog final : public AuditLog {
 public:
  explicit FileAuditLog(AuditOptions options) : options_(std::move(options)) {
    open(*file_.lock());
  }

  void append(const wire::AuditEntry& entry) override {
    const std::string line = wire::encode(entry) + "\n";
    auto file = file_.lock();
    if (file->size + line.size() > options_.full_at && file->size > 0) turn_over(*file);
    // One write, so that a line is whole or absent.
    const ssize_t written = ::write(file->fd.get(), line.data(), line.size());
    if (written != static_cast<ssize_t>(line.size())) {
      throw_errno(fmt::format("write {}", options_.path.string()));
    }
    file->size += line.size();
  }

  std::vector<std::string> last(std::size_t count) override {
    auto lines = split(tail(), '\n');
    if (!lines.empty() && lines.back().empty()) lines.pop_back();
    if (lines.size() > count) {
      lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
    }
    return lines;
  }

 private:
  struct File {
    Fd fd;
    std::uint64_t size = 0;
  };

  void open(File& file) {
    file.fd = open_file(options_.path, O_RDWR | O_CREAT | O_APPEND, 0600);
    file.size = fs::file_size(options_.path);
  }

  void turn_over(File& file) {
    const auto numbered = [&](int number) {
      return fs::path(fmt::format("{}.{}", options_.path.string(), number));
    };
    for (int number = options_.kept; number > 1; --number) {
      std::error_code missing;
      fs::rename(numbered(number - 1), numbered(number), missing);
    }
    fs::rename(options_.path, numbered(1));
    open(file);
  }

  // Whole lines from the end of the file.
  std::string tail() {
    auto file = file_.lock();
    const auto length = std::min<std::uint64_t>(file->size, kMostBytesRead);
    std::string bytes(length, '\0');
    const ssize_t got =
        ::pread(file->fd.get(), bytes.data(), length, static_cast<off_t>(file->size - length));
    if (got < 0) throw_errno(fmt::format("read {}", options_.path.string()));
    bytes.resize(static_cast<std::size_t>(got));
    if (length < file->size) bytes.erase(0, bytes.find('\n') + 1);
    return bytes;
  }

  const AuditOptions options_;
  Sync<File> file_;
};

}  // namespace

std::unique_ptr<AuditLog> open_audit_log(AuditOptions options) {
  return std::make_unique<FileAuditLog>(std::move(options));
}

}  // namespace trainyard::accounts
