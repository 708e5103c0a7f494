#include "objectstore/transfer_log.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/strings.hpp"

namespace trainyard::objectstore {
namespace {

constexpr std::size_t kMostRemarks = 100;

Milliseconds since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - begin);
}

}  // namespace

void TransferLog::remarks(const std::vector<Remark>& remarks) const {
  const std::size_t shown = std::min(remarks.size(), kMostRemarks);
  for (std::size_t i = 0; i < shown; ++i) {
    line("'{}' {}", printable(remarks[i].name), remarks[i].detail);
  }
  if (shown < remarks.size()) line("… and {} more", remarks.size() - shown);
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
