#pragma once
// The events of one attempt, on disk before they are sent, so that none is lost while the server is
// away and the learner dies. Thread-safe.
//
// One line each: "<time> <event as JSON>\n". Not synced: it is for the death of a process; what
// outlives a power failure is decided by outcome_record.hpp.
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <vector>

#include "base/fd.hpp"
#include "wire/learner.hpp"

namespace trainyard::learner {

class Journal {
 public:
  // `file` is made when missing; what an earlier process of the same attempt wrote is read back, up
  // to the first line that is torn or damaged.
  explicit Journal(const std::filesystem::path& file);
  // Never throws for a full disk: the item is then kept in memory, and written with a later one.
  void append(const wire::Report::Item& item);
  // The items from `sequence` (the first is 1) on.
  std::vector<wire::Report::Item> from(std::uint64_t sequence) const;
  std::uint64_t size() const;

 private:
  void write_unsaved();  // with the mutex held

  mutable std::mutex mutex_;
  Fd file_;
  std::uint64_t file_size_ = 0;  // up to here the file holds whole lines
  std::size_t saved_ = 0;        // so many items
  std::vector<wire::Report::Item> items_;
};

}  // namespace trainyard::learner
