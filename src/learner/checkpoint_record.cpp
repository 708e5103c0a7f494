#include "learner/checkpoint_record.hpp"

#include <fcntl.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"

namespace trainyard::learner {
namespace {

using objectstore::KnownFile;

constexpr std::uint64_t kLongest = std::uint64_t(1) << 30;
constexpr std::string_view kReplaced = "replaced ";

// The record is "<size> <checksum> <path>" for each file, and "replaced <path>" for each that was
// replaced since, each ended by a zero byte, which no path has, and these with one before it: one
// that was cut off on its way into the record spoils no other.
std::optional<KnownFile> parse_entry(std::string_view entry) {
  const auto size_end = entry.find(' ');
  const auto sum_end = size_end == entry.npos ? entry.npos : entry.find(' ', size_end + 1);
  const auto size = parse_u64(entry.substr(0, size_end));
  if (!size || sum_end == entry.npos) return std::nullopt;
  return KnownFile{.path = std::string(entry.substr(sum_end + 1)),
                   .size = *size,
                   .checksum = std::string(entry.substr(size_end + 1, sum_end - size_end - 1))};
}

}  // namespace

void save_checkpoint_record(const Layout& layout, const std::vector<KnownFile>& files) {
  std::string text;
  for (const KnownFile& file : files) {
    text += std::to_string(file.size) + ' ' + file.checksum + ' ' + file.path + '\0';
  }
  write_file_atomic(layout.checkpoint_record(), text);
}

void note_replaced_checkpoint(const Layout& layout, const std::string& path) {
  try {
    const Fd record = open_file(layout.checkpoint_record(), O_WRONLY | O_APPEND);
    write_all(record, '\0' + std::string(kReplaced) + path + '\0');
  } catch (const std::exception& e) {
    log::warn("a checkpoint that the run puts back may not be stored again: {}", e.what());
  }
}

std::vector<KnownFile> load_checkpoint_record(const Layout& layout) {
  std::vector<KnownFile> files;
  std::unordered_set<std::string> replaced;
  try {
    if (!fs::exists(layout.checkpoint_record())) return files;
    const std::string text = read_file(layout.checkpoint_record(), kLongest);
    std::string_view rest = text;
    for (std::size_t end; (end = rest.find('\0')) != rest.npos; rest.remove_prefix(end + 1)) {
      const std::string_view entry = rest.substr(0, end);
      if (entry.starts_with(kReplaced)) {
        replaced.emplace(entry.substr(kReplaced.size()));
      } else if (!entry.empty() && !kReplaced.starts_with(entry)) {
        auto file = parse_entry(entry);
        if (!file) throw Error(ErrorKind::Corrupt, "an entry is none");
        files.push_back(*std::move(file));
      }
    }
    std::erase_if(files, [&](const KnownFile& file) { return replaced.contains(file.path); });
  } catch (const std::exception& e) {
    log::warn("checkpoints that the run did not change may be stored again: {}", e.what());
    files.clear();
  }
  return files;
}

}  // namespace trainyard::learner
