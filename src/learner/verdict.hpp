#pragma once
// What a failed run tells its user: one sentence that says what happened and what to do, and the
// last lines of the log. Codes are those of wml-v3 (c). Pure.
#include <string>
#include <vector>

#include "base/error.hpp"
#include "model/run.hpp"

namespace trainyard::learner {

// How many lines of output judge_command() likes to see; fewer go into the verdict.
inline constexpr std::size_t kJudgedLines = 200;

struct CommandEnd {
  int exit_code = 0;                    // 128 + signal when it was killed
  std::vector<std::string> last_lines;  // of its output, printable
  bool out_of_room = false;             // it was ended before the disk was full
  bool kernel_out_of_memory = false;    // the kernel's OOM killer struck while it ran
};
// For a non-zero exit.
model::Verdict judge_command(const CommandEnd& end);

enum class Step { Prepare, LoadModel, LoadData, LoadCheckpoints, Runtime, Start, Store };
model::Verdict judge_error(Step step, const Error& error);

// The learner that ran the command is gone and left no outcome. `last_lines` as above.
model::Verdict judge_cut_off(std::vector<std::string> last_lines);

// With every secret of the manifest blotted out, should a program have printed one.
model::Verdict without_secrets(model::Verdict verdict, const model::Manifest& manifest);

}  // namespace trainyard::learner
