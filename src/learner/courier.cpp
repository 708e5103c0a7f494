#include "learner/courier.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/log.hpp"
#include "learner/layout.hpp"

namespace trainyard::learner {
namespace {

constexpr std::size_t kChunk = 256 * 1024;
constexpr Milliseconds kRemindEvery{600'000};

bool is_last_word(const wire::Report::Item& item) {
  return std::holds_alternative<model::Finished>(item.event);
}

}  // namespace

// How long to wait after failures in a row, and what the learner's own log says of them.
class Courier::Outage {
 public:
  Outage(const CourierOptions& options, const Clock& clock)
      : options_(options), clock_(clock), pause_(options.first_pause) {}

  Milliseconds failed(const char* what) {
    const TimePoint now = clock_.now();
    if (!since_) since_ = now;
    if (!told_ || now - *told_ >= kRemindEvery) {
      told_ = now;
      log::warn("the server takes no reports since {}: {}", format_millis(*since_), what);
    }
    return std::exchange(pause_, std::min(pause_ * 2, options_.longest_pause));
  }
  void ended() {
    if (since_) log::info("the server takes reports again");
    since_ = told_ = std::nullopt;
    pause_ = options_.first_pause;
  }

 private:
  const CourierOptions& options_;
  const Clock& clock_;
  Milliseconds pause_;
  std::optional<TimePoint> since_, told_;
};

Courier::Courier(client::LearnerClient& client, Clock& clock, const std::filesystem::path& journal,
                 CourierOptions options)
    : client_(client), clock_(clock), options_(std::move(options)), journal_(journal) {
  for (const auto name : kLogFiles) {
    logs_.try_emplace(std::string(name), options_.log_directory / name, options_.attempt == 1);
  }
  if (!options_.metrics_file.empty()) {
    logs_.try_emplace(std::string(kMetricsFile), options_.metrics_file, options_.attempt == 1,
                      LogStream::Writer::Command);
  }
  last_report_ = Steady::now();
  if (journal_.size() > 0) ask(true);
  thread_ = std::jthread([this](std::stop_token stop) { work(std::move(stop)); });
}

Courier::~Courier() = default;

// ---- from any thread ----------------------------------------------------------------------------

void Courier::ask(bool urgent) {
  std::scoped_lock guard(mutex_);
  ++wanted_;
  if (urgent) urgent_ = true;
  changed_.notify_all();
}

void Courier::event(const model::Event& event) {
  journal_.append({clock_.now(), event});
  ask(true);
}

void Courier::progress(const wire::Progress& value) {
  {
    std::scoped_lock guard(mutex_);
    progress_ = value;
  }
  ask(false);
}

void Courier::log_grew() { ask(false); }

bool Courier::flush() {
  std::unique_lock lock(mutex_);
  const std::uint64_t goal = ++wanted_;
  urgent_ = true;
  changed_.notify_all();
  changed_.wait(lock, [&] { return done_ >= goal || superseded_; });
  return !superseded_;
}

bool Courier::superseded() const {
  std::scoped_lock guard(mutex_);
  return superseded_;
}

bool Courier::finished() const {
  const auto size = journal_.size();
  return size > 0 && is_last_word(journal_.from(size).front());
}

// ---- the courier's thread -----------------------------------------------------------------------

void Courier::work(std::stop_token stop) {
  Outage outage(options_, clock_);
  while (!stop.stop_requested() && !superseded()) {
    const Round round = wait_for_work(stop);
    try {
      deliver(round, stop);
      outage.ended();
      std::scoped_lock guard(mutex_);
      done_ = std::max(done_, round.goal);
      changed_.notify_all();
    } catch (const std::exception& e) {
      const auto* error = dynamic_cast<const Error*>(&e);
      if (error != nullptr && error->kind() == ErrorKind::NotFound) return supersede();
      if (error != nullptr && error->kind() == ErrorKind::Conflict) next_sequence_ = 1;
      if (!stop.stop_requested()) clock_.sleep_for(outage.failed(e.what()), stop);
    }
  }
}

Courier::Round Courier::wait_for_work(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  const bool asked = changed_.wait_until(lock, stop, last_report_ + options_.heartbeat,
                                         [&] { return wanted_ > done_; });
  if (asked && !urgent_) {
    changed_.wait_until(lock, stop, last_round_ + options_.log_interval, [&] { return urgent_; });
  }
  urgent_ = false;
  return {.goal = wanted_, .heartbeat = Steady::now() >= last_report_ + options_.heartbeat};
}

void Courier::deliver(const Round& round, std::stop_token stop) {
  const std::uint64_t journaled = journal_.size();  // before the logs: they then hold all before it
  send_report(journaled_but_the_last_word(), round.heartbeat, stop);
  for (auto& [name, stream] : logs_) send_log(name, stream, stop);
  send_report(journaled, false, stop);
  last_round_ = Steady::now();
}

void Courier::send_log(const std::string& name, LogStream& stream, std::stop_token stop) {
  if (stream.closed()) return;
  try {
    send_what_is_there(name, stream, std::move(stop));
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Forbidden) throw;
    log::warn("the server takes no more of {}: {}", name, e.what());
    stream.close();
  }
}

// As much as there is now: a command that writes faster than we send must not hold up the rest.
void Courier::send_what_is_there(const std::string& name, LogStream& stream, std::stop_token stop) {
  if (stream.must_ask()) stream.server_has(client_.append_log(name, 0, "", stop));
  const std::uint64_t end = stream.size();
  while (stream.position() < end && !superseded() && !stop.stop_requested()) {
    const auto chunk = stream.next(kChunk);
    if (chunk.bytes.empty()) return;
    stream.server_has(client_.append_log(name, chunk.offset, chunk.bytes, stop));
    send_report(journaled_but_the_last_word(), Steady::now() >= last_report_ + options_.heartbeat,
                stop);
  }
}

// The last word waits until the logs are sent.
std::uint64_t Courier::journaled_but_the_last_word() const {
  const auto size = journal_.size();
  return size > 0 && is_last_word(journal_.from(size).front()) ? size - 1 : size;
}

void Courier::send_report(std::uint64_t until, bool even_if_empty, std::stop_token stop) {
  if (superseded()) return;
  wire::Report report{.attempt = options_.attempt,
                      .first_sequence = next_sequence_,
                      .items = journal_.from(next_sequence_),
                      .progress = {}};
  const std::uint64_t due = until + 1 > next_sequence_ ? until + 1 - next_sequence_ : 0;
  if (report.items.size() > due) report.items.resize(due);
  {
    std::scoped_lock guard(mutex_);
    report.progress = std::exchange(progress_, std::nullopt);
  }
  if (report.items.empty() && !report.progress && !even_if_empty) return;
  if (report.progress) last_progress_ = report.progress;
  if (even_if_empty) report.progress = last_progress_;  // the server may have been started anew
  const auto answer = client_.report(report, stop);
  last_report_ = Steady::now();
  next_sequence_ += report.items.size();
  handle(answer);
}

void Courier::handle(const wire::ReportAnswer& answer) {
  bool tell_cancel = false;
  {
    std::scoped_lock guard(mutex_);
    tell_cancel = answer.cancel_requested && !std::exchange(cancel_told_, true);
  }
  if (tell_cancel && options_.on_cancel) options_.on_cancel();
  if (answer.superseded) supersede();
}

void Courier::supersede() {
  {
    std::scoped_lock guard(mutex_);
    if (std::exchange(superseded_, true)) return;
    changed_.notify_all();
  }
  if (options_.on_superseded) options_.on_superseded();
}

}  // namespace trainyard::learner
