#include "engine/local_capacity.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"

namespace trainyard::engine {

namespace {
constexpr unsigned kLeastCpuSlots = 4;  // what the size `large` asks for
constexpr Milliseconds kAge{1000};

std::string_view plural(unsigned count) { return count == 1 ? "" : "s"; }
}  // namespace

LocalCapacity::LocalCapacity(std::filesystem::path nvml_library, std::optional<unsigned> cpu_slots)
    : machine_(this_machine()),
      cpu_slots_(cpu_slots.value_or(std::max(kLeastCpuSlots, machine_.cores))),
      gpus_(std::move(nvml_library)) {
  if (cpu_slots_ == 0) {
    throw Error(ErrorKind::InvalidInput, "the number of CPU slots must be at least 1");
  }
}

void LocalCapacity::add_cpu_slots(Capacity& capacity, const std::string& problem) const {
  const std::string share = core_share(machine_.cores, cpu_slots_);
  for (unsigned i = 0; i < cpu_slots_; ++i)
    capacity.slots.push_back({fmt::format("cpu-{}", i), false, share, 0, ""});
  capacity.note =
      fmt::format("no GPU is used ({}): {} CPU slot{} share {} core{} instead", problem, cpu_slots_,
                  plural(cpu_slots_), machine_.cores, plural(machine_.cores));
}

Capacity LocalCapacity::read_now(const std::set<pid_t>& learners, TimePoint now) {
  auto reading = gpus_.read(learners, now);
  Capacity result;
  result.cores = machine_.cores;
  result.memory_bytes = machine_.memory_bytes;
  result.gpus = !reading.slots.empty();
  result.slots = std::move(reading.slots);
  if (!result.gpus) add_cpu_slots(result, reading.problem);
  return result;
}

Capacity LocalCapacity::read(const std::set<pid_t>& learners, TimePoint now) {
  // `now` may have been set back since.
  if (!read_at_ || now < *read_at_ || now - *read_at_ >= kAge) {
    last_ = read_now(learners, now);
    read_at_ = now;
  }
  return last_;
}

}  // namespace trainyard::engine
