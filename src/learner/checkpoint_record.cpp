#include "learner/checkpoint_record.hpp"

#include <algorithm>
#include <charconv>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"

namespace trainyard::learner {
namespace {

using objectstore::KnownFile;

constexpr std::uint64_t kLongest = std::uint64_t(1) << 30;

// "<size> <checksum> <path>", each ended by a zero byte, which no path has.
std::optional<KnownFile> parse_entry(std::string_view entry) {
  KnownFile file;
  const auto size_end = entry.find(' ');
  if (size_end == entry.npos) return std::nullopt;
  const auto [end, error] = std::from_chars(entry.data(), entry.data() + size_end, file.size);
  const auto sum_end = entry.find(' ', size_end + 1);
  if (error != std::errc() || end != entry.data() + size_end || sum_end == entry.npos) {
    return std::nullopt;
  }
  file.checksum = entry.substr(size_end + 1, sum_end - size_end - 1);
  file.path = entry.substr(sum_end + 1);
  return file;
}

}  // namespace

void save_checkpoint_record(const Layout& layout, const std::vector<KnownFile>& files) {
  std::string text;
  for (const KnownFile& file : files) {
    text += std::to_string(file.size) + ' ' + file.checksum + ' ' + file.path + '\0';
  }
  write_file_atomic(layout.checkpoint_record(), text);
}

std::vector<KnownFile> load_checkpoint_record(const Layout& layout) {
  std::vector<KnownFile> files;
  try {
    if (!fs::exists(layout.checkpoint_record())) return files;
    const std::string text = read_file(layout.checkpoint_record(), kLongest);
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\0', begin), text.size());
      auto file = parse_entry(std::string_view(text).substr(begin, end - begin));
      if (!file) throw Error(ErrorKind::Corrupt, "an entry is none");
      files.push_back(*std::move(file));
      begin = end + 1;
    }
  } catch (const std::exception& e) {
    log::warn("checkpoints that the run did not change may be stored again: {}", e.what());
    files.clear();
  }
  return files;
}

}  // namespace trainyard::learner
