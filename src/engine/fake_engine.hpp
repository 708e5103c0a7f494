#pragma once
// An engine that starts nothing: tests say what its learners do and read what it was asked.
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/sync.hpp"
#include "engine/compute_engine.hpp"

namespace trainyard::engine {

// `count` free slots, "GPU-0" … or "cpu-0" ….
Capacity gpus(unsigned count);
Capacity cpu_slots(unsigned count);

// Thread-safe.
class FakeEngine final : public ComputeEngine {
 public:
  explicit FakeEngine(Capacity capacity = gpus(4));

  // ---- what happens
  void set_capacity(Capacity capacity);
  // The learner ends; observe() says so with `detail`. NotFound when it was never started.
  void end(const model::RunId& run, unsigned attempt, std::string detail);
  void end_all(const std::string& detail);
  // submit() throws this from now on, without starting anything; nullopt: it works again.
  void set_submit_error(std::optional<Error> error);
  // The next submit() starts the learner and then throws, as if the service was cut off.
  void lose_next_answer();
  // observe() answers Unknown for all while set, as an engine that cannot be reached.
  void set_unreachable(bool unreachable);

  // ---- what was asked
  std::vector<LearnerSpec> started();  // in order; a repeated submit starts nothing
  std::vector<std::string> cancels();  // the handles, in order
  std::vector<model::RunId> forgotten();
  std::size_t observe_calls();
  static std::string handle_of(const model::RunId& run, unsigned attempt);

  const Traits& traits() const override;
  Capacity capacity() override;
  std::string submit(const LearnerSpec& spec) override;
  std::vector<Observation> observe(std::span<const std::string> handles) override;
  void cancel(const std::string& handle, Milliseconds grace) override;
  void forget(const model::RunId& run) override;

 private:
  struct Learner {
    LearnerSpec spec;
    std::string handle;
    std::optional<std::string> ended;
  };
  struct State {
    Capacity capacity;
    std::vector<Learner> learners;
    std::optional<Error> submit_error;
    bool lose_answer = false;
    bool unreachable = false;
    std::vector<std::string> cancels;
    std::vector<model::RunId> forgotten;
    std::size_t observe_calls = 0;
    Learner* find(const std::string& handle);
  };
  Sync<State> state_;
};

}  // namespace trainyard::engine
