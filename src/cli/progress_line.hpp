#pragma once
// What happens, on one line that is redrawn on a terminal; off it a plain line for each phase.
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "cli/cli.hpp"
#include "wire/run.hpp"

namespace trainyard::cli {

// "waiting: needs 2 GPUs, 1 is free", "staging: 12 of 40 files, …", "training"
std::string phase_text(const wire::RunView& run);
// The progress of the phase that the run is in; nullptr when there is none.
const wire::Progress* present_progress(const wire::RunView& run);

// Erases itself when it goes. Nothing is drawn off a terminal.
class TerminalLine {
 public:
  explicit TerminalLine(Context& context) : context_(context) {}
  TerminalLine(const TerminalLine&) = delete;
  ~TerminalLine() { clear(); }
  void draw(const std::string& text);
  void clear();

 private:
  Context& context_;
  bool drawn_ = false;
};

class PhaseLine {
 public:
  explicit PhaseLine(Context& context) : context_(context), line_(context) {}
  void show(const wire::RunView& run);
  void clear() { line_.clear(); }

 private:
  Context& context_;
  TerminalLine line_;
  std::string shown_;
  std::optional<model::Phase> phase_;
};

// Says nothing about an upload that is done at once.
class UploadLine {
 public:
  UploadLine(Context& context, std::string file);
  void show(std::uint64_t done, std::uint64_t total);

 private:
  Context& context_;
  TerminalLine line_;
  const std::string file_;
  const TimePoint began_;
  TimePoint drawn_;
};

}  // namespace trainyard::cli
