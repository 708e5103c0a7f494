#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <ostream>
#include <span>
#include <utility>

#include "base/error.hpp"
#include "base/strings.hpp"
#include "cli/bx_subject.hpp"
#include "cli/commands.hpp"
#include "cli/follow.hpp"
#include "cli/progress_line.hpp"
#include "client/stored.hpp"

namespace trainyard::cli {
namespace {

constexpr std::string_view kLogPrefix = "[--LOGS]      ";
constexpr std::string_view kMetricsPrefix = "[--METRICS]   ";
constexpr std::uint64_t kMostLines = 1000;  // wml-v3 (b.5)

struct Wish {
  bool logs = true;
  bool metrics = true;
  std::optional<std::uint64_t> last_lines;
};

// The words after the ids: "[metrics|logs [last N]]".
Wish read_wish(std::span<const std::string> words) {
  Wish wish;
  if (words.empty()) return wish;
  wish.logs = words[0] == "logs";
  wish.metrics = words[0] == "metrics";
  if (!wish.logs && !wish.metrics) {
    throw Error(
        ErrorKind::InvalidInput,
        fmt::format("after the id stands metrics or logs, not \"{}\"", printable(words[0])));
  }
  if (words.size() < 2) return wish;
  const auto lines = words.size() == 3 && words[1] == "last" ? parse_u64(words[2]) : std::nullopt;
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

// "train iteration 20: accuracy 0.93 loss 0.2"
std::string metric_text(const wire::Metric& metric) {
  auto text = fmt::format("{} iteration {}:", printable(metric.phase), metric.iteration);
  for (const auto& [name, value] : metric.values) {
    text += fmt::format(" {} {}", printable(name), value);
  }
  return text;
}

// Tells each of a run's latest metrics once.
class MetricsPrinter {
 public:
  explicit MetricsPrinter(std::ostream& out) : out_(out) {}
  void show(const std::vector<wire::Metric>& latest) {
    for (const auto& metric : latest) {
      if (std::ranges::find(told_, metric) != told_.end()) continue;
      out_ << kMetricsPrefix << metric_text(metric) << "\n";
    }
    out_ << std::flush;
    told_ = latest;
  }

 private:
  std::ostream& out_;
  std::vector<wire::Metric> told_;
};

// State, metrics and log of a run until it has ended.
void follow_run(Session& session, const std::string& id, const Wish& wish,
                std::string_view prefix) {
  auto& out = session.context.out;
  LinePrinter lines(out, prefix);
  MetricsPrinter metrics(out);
  std::optional<model::RunState> told;
  TerminalLine progress(session.context);
  Watch watch{.on_look =
                  [&](const wire::RunView& run) {
                    progress.clear();
                    if (is_terminal(run.state)) return;
                    if (run.state != std::exchange(told, run.state)) {
                      out << status_line(run.state) << std::flush;
                    }
                    if (wish.metrics) metrics.show(run.metrics);
                    progress.draw(phase_text(run));
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
  if (wish.metrics) metrics.show(run.metrics);
  out << status_line(run.state);
}

// Each of its training runs, one after the other; none of their logs misses a line.
int monitor_experiment(Session& session, const Arguments& arguments) {
  const std::span<const std::string> words = arguments.words;
  if (words.size() < 3) {
    throw Error(ErrorKind::InvalidInput,
                "this is `bx ml monitor experiments EXPERIMENT-ID RUN-ID [metrics|logs]`");
  }
  const auto wish = read_wish(words.subspan(3));
  session.context.out << fmt::format(
                             "Starting to fetch status messages and metrics for experiment id "
                             "'{}' and experiment-run id '{}'\n",
                             words[1], words[2])
                      << std::flush;
  for (const auto& training : client::experiment_run(session.api(), words[1], words[2]).trainings) {
    follow_run(session, training.run, wish, kLogPrefix);
  }
  return kOk;
}

int as_bx(Session& session, const Arguments& arguments) {
  const std::span<const std::string> words = arguments.words;
  if (words[0] == "experiments") return monitor_experiment(session, arguments);
  const auto subject = subject_of(words[0]);
  auto wish = read_wish(words.subspan(2));
  wish.metrics = wish.metrics && !subject.older;
  session.context.out << fmt::format("Starting to fetch status {}messages for model-id '{}'\n",
                                     subject.older ? "" : "and metrics ", words[1])
                      << std::flush;
  follow_run(session, words[1], wish, subject.older ? "" : kLogPrefix);
  return kOk;
}

}  // namespace

Command bx_monitor() {
  return {.name = "monitor",
          .usage = "training-runs ID|experiments ID RUN-ID [metrics|logs [last N]]",
          .summary = "Start fetching status messages of a training-run",
          .least_words = 2,
          .most_words = 6,
          .run = as_bx,
          .words = Words::RunIds,
          .choices = {"training-runs", "trained-models", "experiments"}};
}

}  // namespace trainyard::cli
