#include "learner/journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"

namespace trainyard::learner {
namespace {

std::optional<wire::Report::Item> parse_line(std::string_view line) {
  const auto blank = line.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  const auto at = parse_time(line.substr(0, blank));
  if (!at) return std::nullopt;
  try {
    return wire::Report::Item{*at, wire::decode_event(line.substr(blank + 1))};
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

Journal::Journal(const fs::path& file) {
  if (fs::exists(file)) {
    const std::string text = read_file(file);
    std::size_t begin = 0;
    for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
      auto item = parse_line(std::string_view(text).substr(begin, end - begin));
      if (!item) break;
      items_.push_back(std::move(*item));
    }
    file_size_ = begin;
    saved_ = items_.size();
  }
  file_ = open_file(file, O_WRONLY | O_CREAT, 0600);
  if (::ftruncate(file_.get(), static_cast<off_t>(file_size_)) != 0) {
    throw_errno("cut " + file.string());
  }
}

void Journal::append(const wire::Report::Item& item) {
  std::scoped_lock guard(mutex_);
  items_.push_back(item);
  try {
    write_unsaved();
  } catch (const Error& e) {
    log::warn("an event is only in memory: {}", e.what());
  }
}

void Journal::write_unsaved() {
  for (; saved_ < items_.size(); ++saved_) {
    const auto& item = items_[saved_];
    const std::string line = format_millis(item.at) + " " + wire::encode(item.event) + "\n";
    pwrite_all(file_, line, file_size_);  // over what a failed try may have left
    file_size_ += line.size();
  }
}

std::vector<wire::Report::Item> Journal::from(std::uint64_t sequence) const {
  std::scoped_lock guard(mutex_);
  if (sequence > items_.size()) return {};
  return {items_.begin() + static_cast<long>(sequence - 1), items_.end()};
}

std::uint64_t Journal::size() const {
  std::scoped_lock guard(mutex_);
  return items_.size();
}

}  // namespace trainyard::learner
