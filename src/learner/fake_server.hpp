#pragma once
// The server as a learner sees it, in memory: keeps events and logs by the rules of
// wire/learner.hpp, and can be away, lose its answers, or change its mind. Thread-safe.
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "client/learner_client.hpp"

namespace trainyard::learner {

class FakeServer final : public client::LearnerClient {
 public:
  struct State {
    wire::Assignment assignment;
    std::string definition;
    // What it does.
    bool away = false;          // nothing reaches it
    unsigned answers_lost = 0;  // so many calls are done, but not answered
    bool gone = false;          // it does not know the run
    bool cancel = false, superseded = false;
    std::optional<ErrorKind> refuses_reports;
    bool sealed = false;  // its logs are closed
    // What it was told.
    std::vector<wire::Report::Item> items;
    std::map<std::string, std::string> logs;
    std::optional<wire::Progress> progress;
    std::map<std::string, std::string> logs_at_finish;
    unsigned calls = 0, reports = 0, appends = 0, largest_append = 0;
  };

  template <typename Fn>
  decltype(auto) with(Fn&& fn) {
    std::scoped_lock guard(mutex_);
    return std::forward<Fn>(fn)(state_);
  }
  std::vector<std::string> events() {
    std::vector<std::string> names;
    with([&](State& s) {
      for (const auto& item : s.items) names.emplace_back(model::event_name(item.event));
    });
    return names;
  }
  std::string log(const std::string& name) {
    return with([&](State& s) { return s.logs[name]; });
  }
  model::Finished finish() {
    return with([](State& s) { return std::get<model::Finished>(s.items.back().event); });
  }
  // Waits, woken by every call; fails the test after a minute.
  template <typename Fn>
  void wait_until(Fn&& condition) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(called_.wait_for(lock, std::chrono::seconds(60), [&] { return condition(state_); }))
        << "what the test waits for does not happen";
  }

 private:
  template <typename Fn>
  auto call(Fn&& fn) {
    std::scoped_lock guard(mutex_);
    ++state_.calls;
    called_.notify_all();
    if (state_.away) throw Error(ErrorKind::Unavailable, "connection refused");
    if (state_.gone) throw Error(ErrorKind::NotFound, "the run is gone");
    auto result = fn(state_);
    if (state_.answers_lost > 0) {
      --state_.answers_lost;
      throw Error(ErrorKind::Unavailable, "connection reset");
    }
    return result;
  }

 public:
  wire::Assignment assignment(std::stop_token) override {
    return call([](State& s) { return s.assignment; });
  }
  void definition(const std::function<void(std::string_view)>& sink, std::stop_token) override {
    sink(call([](State& s) { return s.definition; }));
  }
  wire::ReportAnswer report(const wire::Report& report, std::stop_token) override {
    return call([&](State& s) {
      ++s.reports;
      if (s.refuses_reports) throw Error(*s.refuses_reports, "refused");
      if (report.first_sequence > s.items.size() + 1) throw Error(ErrorKind::Conflict, "a gap");
      for (std::size_t i = 0; i < report.items.size(); ++i) {
        if (report.first_sequence + i <= s.items.size()) continue;
        s.items.push_back(report.items[i]);
        if (std::holds_alternative<model::Finished>(report.items[i].event)) {
          s.logs_at_finish = s.logs;
        }
      }
      if (report.progress) s.progress = report.progress;
      return wire::ReportAnswer{.next_sequence = s.items.size() + 1,
                                .cancel_requested = s.cancel,
                                .superseded = s.superseded};
    });
  }
  std::uint64_t append_log(std::string_view file, std::uint64_t offset, std::string_view bytes,
                           std::stop_token) override {
    return call([&](State& s) {
      ++s.appends;
      if (s.sealed) throw Error(ErrorKind::Forbidden, "the log is closed");
      s.largest_append = std::max(s.largest_append, static_cast<unsigned>(bytes.size()));
      std::string& log = s.logs[std::string(file)];
      if (offset <= log.size() && offset + bytes.size() > log.size()) {
        log += bytes.substr(log.size() - offset);
      }
      return static_cast<std::uint64_t>(log.size());
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable called_;
  State state_;
};

}  // namespace trainyard::learner
