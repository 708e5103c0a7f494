#pragma once
// Carries what the learner has to say to the server: events in order, log bytes by offset, progress
// when there is some, and a sign of life now and then. One thread of its own; every call again,
// with growing pauses, until it is answered: the server may be away for any time. The last event
// (Finished) goes only when every log byte written before it is there, or the server has closed
// that log.
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.hpp"
#include "client/learner_client.hpp"
#include "learner/journal.hpp"
#include "learner/log_stream.hpp"

namespace trainyard::learner {

struct CourierOptions {
  unsigned attempt = 1;
  std::filesystem::path log_directory;      // holds the files of wml-v3 (e.4)
  std::filesystem::path metrics_file = {};  // the command's evaluation-metrics.txt (e.5)
  Milliseconds first_pause{50};             // after a failure, then doubled
  Milliseconds longest_pause{5'000};
  Milliseconds log_interval{50};   // log bytes of a chatty command go together
  Milliseconds heartbeat{15'000};  // an empty report, for its answer
  // Both are called once, on the courier's thread. The server wants the run to end:
  std::function<void()> on_cancel = {};
  // Another attempt has the run, or it is gone:
  std::function<void()> on_superseded = {};
};

class Courier {
 public:
  // To be made before this attempt writes into the log files.
  Courier(client::LearnerClient& client, Clock& clock, const std::filesystem::path& journal,
          CourierOptions options);
  ~Courier();  // stops; what was not sent stays in the journal and the log files

  // Journaled when it returns, sent soon. After Finished nothing may follow.
  void event(const model::Event& event);
  void progress(const wire::Progress& value);  // the latest wins, and goes with each sign of life
  void log_grew();
  // Waits until all events and log bytes are with the server; false when the run is superseded.
  bool flush();
  bool superseded() const;
  // An earlier process of this attempt came to its end: only flush() is left to do.
  bool finished() const;

 private:
  using Steady = std::chrono::steady_clock;
  struct Round {
    std::uint64_t goal = 0;
    bool heartbeat = false;
  };
  class Outage;

  void work(std::stop_token stop);
  Round wait_for_work(std::stop_token stop);
  void deliver(const Round& round, std::stop_token stop);
  void send_log(const std::string& name, LogStream& stream, std::stop_token stop);
  void send_what_is_there(const std::string& name, LogStream& stream, std::stop_token stop);
  void send_report(std::uint64_t until, bool even_if_empty, std::stop_token stop);
  std::uint64_t journaled_but_the_last_word() const;
  void handle(const wire::ReportAnswer& answer);
  void supersede();
  void ask(bool urgent);

  client::LearnerClient& client_;
  Clock& clock_;
  const CourierOptions options_;
  Journal journal_;

  // Of the thread.
  std::uint64_t next_sequence_ = 1;
  std::map<std::string, LogStream> logs_;
  std::optional<wire::Progress> last_progress_;
  Steady::time_point last_round_{}, last_report_{};

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<wire::Progress> progress_;
  std::uint64_t wanted_ = 0, done_ = 0;  // rounds asked for, rounds that ended with all sent
  bool urgent_ = false;
  bool superseded_ = false;
  bool cancel_told_ = false;

  std::jthread thread_;  // last
};

}  // namespace trainyard::learner
