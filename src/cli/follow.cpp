#include "cli/follow.hpp"

#include <fmt/format.h>

#include <ostream>

#include "base/error.hpp"
#include "cli/progress_line.hpp"

namespace trainyard::cli {
namespace {

constexpr Milliseconds kLookAgain{500};

bool has_log(const wire::RunView& run) {
  if (run.state == model::RunState::Pending) return false;
  return run.phase != model::Phase::Starting && run.phase != model::Phase::Staging;
}

class Watcher {
 public:
  Watcher(Session& session, const std::string& id, const Watch& watch)
      : session_(session), id_(id), watch_(watch) {}

  wire::RunView run() {
    auto view = look();
    while (!is_terminal(view.state) && !(watch_.on_log && has_log(view))) view = look_later();
    if (!watch_.on_log) return view;
    session_.api().log(id_, {.last_lines = watch_.last_lines, .follow = true}, watch_.on_log);
    // The log is complete a moment before the end is told.
    while (!is_terminal(view.state)) view = look_later();
    return view;
  }

 private:
  wire::RunView look() {
    auto view = session_.api().run(id_);
    watch_.on_look(view);
    return view;
  }

  wire::RunView look_later() {
    while (true) {
      auto& context = session_.context;
      if (!context.clock.sleep_for(kLookAgain, context.stop)) {
        throw Error(ErrorKind::Canceled, "interrupted");
      }
      try {
        return look();
      } catch (const Error& e) {
        if (!e.retryable()) throw;
      }
    }
  }

  Session& session_;
  const std::string& id_;
  const Watch& watch_;
};

}  // namespace

wire::RunView watch_run(Session& session, const std::string& id, const Watch& watch) {
  return Watcher(session, id, watch).run();
}

std::string outcome_text(const wire::RunView& run) {
  auto text = fmt::format("{} {}", run.id, to_string(run.state));
  if (run.verdict) text += fmt::format(": {}", run.verdict->message);
  return text;
}

int outcome_code(const wire::RunView& run) {
  return run.state == model::RunState::Completed ? kOk : kFailed;
}

int follow_to_the_end(Session& session, const std::string& id,
                      std::optional<std::uint64_t> last_lines) {
  auto& context = session.context;
  PhaseLine line(context);
  const Watch watch{.on_look =
                        [&](const wire::RunView& run) {
                          if (!is_terminal(run.state)) line.show(run);
                        },
                    .on_log =
                        [&](std::string_view bytes) {
                          line.clear();
                          context.out << bytes << std::flush;
                        },
                    .last_lines = last_lines};
  const auto run = watch_run(session, id, watch);
  line.clear();
  context.err << outcome_text(run) << "\n";
  return outcome_code(run);
}

}  // namespace trainyard::cli
