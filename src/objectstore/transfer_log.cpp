#include "objectstore/transfer_log.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/strings.hpp"

namespace trainyard::objectstore {
namespace {

Milliseconds since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - begin);
}

}  // namespace

void TransferLog::remarks(const std::vector<Remark>& remarks) const {
  for (const Remark& remark : remarks) line("'{}' {}", printable(remark.name), remark.detail);
}

std::string count_files(std::uint64_t files) {
  return fmt::format("{} file{}", files, files == 1 ? "" : "s");
}

std::string format_rate(std::uint64_t bytes, std::chrono::steady_clock::time_point begin) {
  const auto milliseconds = std::max<std::int64_t>(1, since(begin).count());
  return format_bytes(bytes * 1000 / static_cast<std::uint64_t>(milliseconds)) + "/s";
}

std::string format_since(std::chrono::steady_clock::time_point begin) {
  return format_duration(since(begin));
}

}  // namespace trainyard::objectstore
