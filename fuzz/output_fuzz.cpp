// What a training program prints, as the learner judges it when the program has failed.
#include "base/strings.hpp"
#include "fuzzing.hpp"
#include "learner/verdict.hpp"

using namespace trainyard;
using namespace trainyard::fuzzing;

// The first byte is the exit code.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  learner::CommandEnd end{.exit_code = 1 + data[0] % 255};
  for (const std::string& line : split(text_of(data + 1, size - 1), '\n')) {
    end.last_lines.push_back(printable(line));
    if (end.last_lines.size() == learner::kJudgedLines) break;
  }
  for (const bool killed : {false, true}) {
    end.kernel_out_of_memory = killed;
    const model::Verdict verdict = learner::judge_command(end);
    require(verdict.exit_code == end.exit_code && !verdict.code.empty());
    require(!verdict.message.empty() && valid_utf8(verdict.message));
  }
  learner::judge_cut_off(end.last_lines);
  return 0;
}
