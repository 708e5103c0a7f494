#pragma once
// The run's log files while they are written: training-log.txt, load-data.log, load-model.log.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/fd.hpp"

namespace trainyard::learner {

// Appends to one file. Never throws for a full disk: a run does not die of its log. Thread-safe;
// what one call writes stays together.
class RunLog {
 public:
  // Makes `file` when it is missing. `on_write` is called after each write.
  RunLog(const std::filesystem::path& file, const Clock& clock, std::function<void()> on_write);
  // How many of the bytes are in the file: fewer than given when the disk is full or broken.
  std::size_t write(std::string_view bytes);
  // As write(), on a line of its own: ends the line before it where a command did not.
  std::size_t own_line(std::string_view text);
  // "2026-11-24T06:40:00.123Z text\n", on a line of its own.
  void line(std::string_view text);
  // The last `limit` bytes of another file; nothing when it cannot be read.
  void copy_tail(const std::filesystem::path& file, std::size_t limit);

 private:
  std::size_t append(std::string_view bytes);
  bool in_a_line() const;

  std::mutex mutex_;  // guards the end of the file
  Fd file_;
  const Clock& clock_;
  std::function<void()> on_write_;
};

// The last bytes of a file, at most `limit`; empty when it cannot be read.
std::string tail_of(const std::filesystem::path& file, std::size_t limit);

// The last lines of a text file, at most `count` of its last 64 KiB, each made printable and cut at
// 500 bytes. A line that was redrawn with carriage returns (a progress bar) counts as its last
// state.
std::vector<std::string> last_lines(const std::filesystem::path& file, std::size_t count);

}  // namespace trainyard::learner
