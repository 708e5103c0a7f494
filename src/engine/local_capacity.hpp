#pragma once
// What this machine has to give: its GPUs, or CPU slots where it has none.
#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include "base/clock.hpp"
#include "engine/compute_engine.hpp"
#include "engine/gpu_inventory.hpp"
#include "engine/machine.hpp"

namespace trainyard::engine {

// Not thread-safe.
class LocalCapacity {
 public:
  // Throws InvalidInput for no CPU slots at all.
  LocalCapacity(std::filesystem::path nvml_library, std::optional<unsigned> cpu_slots);
  // A reading is kept for a second. `learners`: whose GPU use does not make a GPU busy.
  Capacity read(const std::set<pid_t>& learners, TimePoint now);

 private:
  Capacity read_now(const std::set<pid_t>& learners, TimePoint now);
  void add_cpu_slots(Capacity& capacity, const std::string& problem) const;

  Machine machine_;
  unsigned cpu_slots_;
  GpuInventory gpus_;
  Capacity last_;
  std::optional<TimePoint> read_at_;
};

}  // namespace trainyard::engine
