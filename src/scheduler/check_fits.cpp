#include <fmt/format.h>

#include "base/error.hpp"
#include "base/strings.hpp"
#include "scheduler/scheduler.hpp"
#include "scheduler/wait_reason.hpp"

namespace trainyard::scheduler {

namespace {

[[noreturn]] void refuse(const std::string& message) {
  throw Error(ErrorKind::InvalidInput, message);
}

std::string asked_for(const model::Compute& compute, const std::string& what) {
  return compute.size.empty() ? fmt::format("The run asks for {}", what)
                              : fmt::format("The size '{}' is {}", compute.size, what);
}

void check_slots(const model::Compute& compute, const engine::Capacity& capacity) {
  const std::size_t offered = capacity.slots.size();
  if (compute.slots() <= offered) return;
  const std::string sizes = sizes_that_fit(offered);
  refuse(fmt::format(
      "{}, and this machine has {}. {}",
      asked_for(compute, count_slots(compute.slots(), capacity.gpus)), offered,
      sizes.empty() ? "Nothing fits on it." : fmt::format("These sizes fit: {}.", sizes)));
}

// A named size stands for a number of GPUs; the cores and memory that its table gives are those of
// another machine. Only what was asked for in numbers is held against this one.
void check_numbers(const model::Compute& compute, const engine::Capacity& capacity) {
  if (!compute.size.empty()) return;
  if (compute.cpus && *compute.cpus > capacity.cores)
    refuse(fmt::format("The run asks for {:g} CPUs, and this machine has {}: ask for at most {}",
                       *compute.cpus, capacity.cores, capacity.cores));
  if (compute.memory_bytes && *compute.memory_bytes > capacity.memory_bytes)
    refuse(fmt::format("The run asks for {} of memory, and this machine has {}: ask for less",
                       format_bytes(*compute.memory_bytes), format_bytes(capacity.memory_bytes)));
}

}  // namespace

void check_fits(const model::Compute& compute, const engine::Capacity& capacity) {
  if (compute.nodes > 1)
    refuse(
        fmt::format("The run asks for {} nodes, and this service runs on one machine: set the "
                    "number of nodes to 1 and ask for more GPUs instead",
                    compute.nodes));
  check_slots(compute, capacity);
  check_numbers(compute, capacity);
}

}  // namespace trainyard::scheduler
