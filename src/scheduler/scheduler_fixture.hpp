#pragma once
// A scheduler over the memory repository, the fake engine and a clock that stands still; and what
// users and learners do to the record.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/sync.hpp"
#include "engine/fake_engine.hpp"
#include "repository/memory_repository.hpp"
#include "scheduler/scheduler.hpp"

namespace trainyard::scheduler {

// Everything is ready unless a test says something else.
class FakeGate final : public RuntimeGate {
 public:
  void set(const model::RunId& run, Readiness::State state, std::string detail = {}) {
    state_.lock()->insert_or_assign(run, Readiness{state, std::move(detail)});
  }
  Readiness readiness(const model::TrainingRun& run) override {
    auto state = state_.lock();
    const auto found = state->find(run.id);
    return found == state->end() ? Readiness{} : found->second;
  }

 private:
  Sync<std::map<model::RunId, Readiness>> state_;
};

class SchedulerFixture : public testing::Test {
 protected:
  using RunId = model::RunId;
  using Slots = std::vector<std::string>;

  // ---- users
  RunId submit(unsigned gpus, std::string name = "mnist", std::string framework = "tensorflow") {
    repository::NewRun run{.id = RunId::parse(fmt::format("training-{:09}", ++submitted_)).value(),
                           .owner = "anna"};
    run.manifest.name = std::move(name);
    run.manifest.framework = {.name = std::move(framework), .version = "2"};
    run.manifest.compute.gpus = gpus;
    return runs().create(run, clock_.now()).id;
  }
  void cancel(const RunId& id) { happen(id, model::CancelRequested{"anna"}); }

  // ---- learners
  void happen(const RunId& id, const model::Event& event) {
    append_retrying(runs(), id, event, clock_.now());
  }
  void stage(const RunId& id) { happen(id, model::StagingStarted{attempt(id)}); }
  void train(const RunId& id) {
    stage(id);
    happen(id, model::TrainingStarted{attempt(id)});
  }
  void store(const RunId& id) { happen(id, model::StoringStarted{attempt(id)}); }
  void finish(const RunId& id, model::RunState outcome = model::RunState::Completed) {
    happen(id, model::Finished{attempt(id), outcome, std::nullopt});
    engine_.end(id, attempt(id), "exit code 0");
  }

  // ---- the service
  void tick() { scheduler_->tick(); }
  // As many rounds as it takes to believe that a learner has ended.
  void notice_lost_learners() {
    for (int i = 0; i < 2; ++i) {
      clock_.advance(engine_.traits().observe_every);
      tick();
    }
  }
  // As after a kill -9: nothing is left but the record and the learners.
  void restart() { scheduler_ = make(); }

  // ---- what is so
  model::TrainingRun run(const RunId& id) { return runs().find(id).value(); }
  model::RunStatus status(const RunId& id) { return run(id).status; }
  model::Phase phase(const RunId& id) { return status(id).phase; }
  unsigned attempt(const RunId& id) { return status(id).attempt; }
  Slots slots(const RunId& id) { return status(id).slots; }
  std::string why(const RunId& id) {
    const auto reason = scheduler_->why(id);
    return reason ? reason->message : "(does not wait)";
  }

  repository::RunRepository& runs() { return *records_.runs; }
  std::unique_ptr<Scheduler> make() {
    return make_scheduler(runs(), engine_, gate_, clock_,
                          {.server_url = "http://127.0.0.1:8080",
                           .cancel_grace = Milliseconds(5000),
                           .learner_token = [](const RunId& id, unsigned attempt) {
                             return Secret(fmt::format("token of {} {}", id.str(), attempt));
                           }});
  }

  ManualClock clock_{TimePoint{std::chrono::seconds{1'000'000}}};
  repository::Repositories records_ = repository::make_memory_repositories();
  engine::FakeEngine engine_{engine::gpus(4)};
  FakeGate gate_;
  int submitted_ = 0;
  std::unique_ptr<Scheduler> scheduler_ = make();
};

}  // namespace trainyard::scheduler
