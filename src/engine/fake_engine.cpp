#include "engine/fake_engine.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace trainyard::engine {

namespace {
constexpr Traits kTraits{.name = "fake"};
constexpr std::uint64_t kGpuMemory = 80ULL << 30;
}  // namespace

Capacity gpus(unsigned count) {
  Capacity result;
  for (unsigned i = 0; i < count; ++i)
    result.slots.push_back({fmt::format("GPU-{}", i), true, "Test GPU", kGpuMemory, ""});
  result.gpus = true;
  result.cores = 16;
  result.memory_bytes = 64ULL << 30;
  return result;
}

Capacity cpu_slots(unsigned count) {
  Capacity result = gpus(0);
  for (unsigned i = 0; i < count; ++i)
    result.slots.push_back({fmt::format("cpu-{}", i), false, "a share of 16 cores", 0, ""});
  result.gpus = false;
  result.note = "no GPU is used";
  return result;
}

FakeEngine::Learner* FakeEngine::State::find(const std::string& handle) {
  const auto found = std::find_if(learners.begin(), learners.end(),
                                  [&](const Learner& learner) { return learner.handle == handle; });
  return found == learners.end() ? nullptr : &*found;
}

FakeEngine::FakeEngine(Capacity capacity) { state_.lock()->capacity = std::move(capacity); }

void FakeEngine::set_capacity(Capacity capacity) { state_.lock()->capacity = std::move(capacity); }

void FakeEngine::end(const model::RunId& run, unsigned attempt, std::string detail) {
  auto state = state_.lock();
  Learner* learner = state->find(handle_of(run, attempt));
  if (learner == nullptr)
    throw Error(ErrorKind::NotFound, "no such learner: " + handle_of(run, attempt));
  learner->ended = std::move(detail);
}

void FakeEngine::end_all(const std::string& detail) {
  auto state = state_.lock();
  for (Learner& learner : state->learners)
    if (!learner.ended) learner.ended = detail;
}

void FakeEngine::set_submit_error(std::optional<Error> error) {
  state_.lock()->submit_error = std::move(error);
}

void FakeEngine::lose_next_answer() { state_.lock()->lose_answer = true; }

void FakeEngine::set_unreachable(bool unreachable) { state_.lock()->unreachable = unreachable; }

std::vector<LearnerSpec> FakeEngine::started() {
  std::vector<LearnerSpec> specs;
  auto state = state_.lock();
  for (const Learner& learner : state->learners) specs.push_back(learner.spec);
  return specs;
}

std::vector<std::string> FakeEngine::cancels() { return state_.lock()->cancels; }

std::vector<model::RunId> FakeEngine::forgotten() { return state_.lock()->forgotten; }

std::size_t FakeEngine::observe_calls() { return state_.lock()->observe_calls; }

std::string FakeEngine::handle_of(const model::RunId& run, unsigned attempt) {
  return fmt::format("fake:{}:{}", run.str(), attempt);
}

const Traits& FakeEngine::traits() const { return kTraits; }

Capacity FakeEngine::capacity() { return state_.lock()->capacity; }

std::string FakeEngine::submit(const LearnerSpec& spec) {
  auto state = state_.lock();
  if (state->submit_error) throw Error(*state->submit_error);
  const std::string handle = handle_of(spec.run, spec.attempt);
  if (state->find(handle) == nullptr) state->learners.push_back({spec, handle, std::nullopt});
  if (std::exchange(state->lose_answer, false))
    throw Error(ErrorKind::Unavailable, "the answer was lost");
  return handle;
}

std::vector<Observation> FakeEngine::observe(std::span<const std::string> handles) {
  auto state = state_.lock();
  ++state->observe_calls;
  std::vector<Observation> result;
  for (const std::string& handle : handles) {
    const Learner* learner = state->find(handle);
    if (state->unreachable)
      result.push_back({handle, LearnerState::Unknown, "the engine cannot be reached"});
    else if (learner == nullptr)
      result.push_back({handle, LearnerState::Exited, "not a handle of this engine"});
    else if (learner->ended)
      result.push_back({handle, LearnerState::Exited, *learner->ended});
    else
      result.push_back({handle, LearnerState::Running, ""});
  }
  return result;
}

void FakeEngine::cancel(const std::string& handle, Milliseconds) {
  state_.lock()->cancels.push_back(handle);
}

void FakeEngine::forget(const model::RunId& run) {
  auto state = state_.lock();
  std::erase_if(state->learners, [&](const Learner& learner) { return learner.spec.run == run; });
  state->forgotten.push_back(run);
}

}  // namespace trainyard::engine
