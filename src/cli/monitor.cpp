#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <ostream>

#include "base/error.hpp"
#include "base/strings.hpp"
#include "cli/bx_subject.hpp"
#include "cli/commands.hpp"
#include "cli/follow.hpp"
#include "cli/progress_line.hpp"

namespace trainyard::cli {
namespace {

constexpr std::string_view kLogPrefix = "[--LOGS]      ";
constexpr std::uint64_t kMostLines = 1000;  // wml-v3 (b.5)

struct Wish {
  bool logs = true;
  std::optional<std::uint64_t> last_lines;
};

// "[metrics|logs [last N]]". No run reports metrics yet: asked for them alone, only the state is
// told.
Wish read_wish(const std::vector<std::string>& words) {
  Wish wish;
  if (words.size() > 2) wish.logs = words[2] == "logs";
  if (words.size() > 2 && !wish.logs && words[2] != "metrics") {
    throw Error(
        ErrorKind::InvalidInput,
        fmt::format("after the id stands metrics or logs, not \"{}\"", printable(words[2])));
  }
  if (words.size() < 4) return wish;
  const auto lines = words.size() == 5 && words[3] == "last" ? parse_u64(words[4]) : std::nullopt;
  if (!wish.logs || !lines || *lines > kMostLines) {
    throw Error(ErrorKind::InvalidInput,
                fmt::format("after logs stands \"last N\", N being at most {}", kMostLines));
  }
  wish.last_lines = lines;
  return wish;
}

// Log text in, whole lines out.
class LinePrinter {
 public:
  LinePrinter(std::ostream& out, std::string_view prefix) : out_(out), prefix_(prefix) {}
  void add(std::string_view text) {
    while (!text.empty()) {
      const auto end = text.find('\n');
      pending_ += text.substr(0, end);
      if (end == text.npos) break;
      finish();
      text.remove_prefix(end + 1);
    }
    out_ << std::flush;
  }
  void finish() {
    out_ << prefix_ << pending_ << "\n";
    pending_.clear();
  }
  void finish_last_line() {
    if (!pending_.empty()) finish();
  }

 private:
  std::ostream& out_;
  const std::string_view prefix_;
  std::string pending_;
};

std::string status_line(model::RunState state) {
  std::string word(to_string(state));
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return fmt::format("Status: {}\n", word);
}

int as_bx(Session& session, const Arguments& arguments) {
  const auto subject = subject_of(arguments.words[0]);
  const auto wish = read_wish(arguments.words);
  const auto& id = arguments.words[1];
  auto& out = session.context.out;
  out << fmt::format("Starting to fetch status {}messages for model-id '{}'\n",
                     subject.older ? "" : "and metrics ", id)
      << std::flush;

  LinePrinter lines(out, subject.older ? "" : kLogPrefix);
  std::optional<model::RunState> told;
  TerminalLine progress(session.context);
  Watch watch{.on_look =
                  [&](const wire::RunView& run) {
                    progress.clear();
                    if (!is_terminal(run.state)) progress.draw(phase_text(run));
                    if (run.state == told || is_terminal(run.state)) return;
                    progress.clear();
                    told = run.state;
                    out << status_line(run.state) << std::flush;
                  },
              .on_log = {},
              .last_lines = wish.last_lines};
  if (wish.logs) {
    watch.on_log = [&](std::string_view bytes) {
      progress.clear();
      lines.add(bytes);
    };
  }
  const auto run = watch_run(session, id, watch);
  progress.clear();
  lines.finish_last_line();
  out << status_line(run.state);
  return kOk;
}

}  // namespace

Command bx_monitor() {
  return {.name = "monitor",
          .usage = "training-runs ID [metrics|logs [last N]]",
          .summary = "Start fetching status messages of a training-run",
          .least_words = 2,
          .most_words = 5,
          .run = as_bx,
          .words = Words::RunIds,
          .choices = {"training-runs", "trained-models"}};
}

}  // namespace trainyard::cli
