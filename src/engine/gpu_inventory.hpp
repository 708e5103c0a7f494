#pragma once
// The machine's GPUs as slots, with what stands against giving one out.
#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "engine/compute_engine.hpp"
#include "engine/nvml.hpp"

namespace trainyard::engine {

// Not thread-safe.
class GpuInventory {
 public:
  explicit GpuInventory(std::filesystem::path nvml_library) : library_(std::move(nvml_library)) {}

  struct Reading {
    std::vector<Slot> slots;
    std::string problem;  // why there is none
  };
  // Never throws for what the driver does. A GPU that a process computes on is unavailable, unless
  // the process descends from one of `learners`. A GPU that was seen once stays in the list, as
  // unavailable, when the driver stops reporting it: its runs wait instead of starting on the CPU.
  // While no driver was found it looks for one once a minute.
  // A GPU in MIG mode is unavailable: its instances are not given out as slots.
  Reading read(const std::set<pid_t>& learners, TimePoint now);

 private:
  void look_for_driver(TimePoint now);
  Reading without_driver() const;

  std::filesystem::path library_;
  std::optional<Nvml> nvml_;
  std::string problem_;
  std::optional<TimePoint> looked_at_;
  std::vector<Slot> known_;
};

}  // namespace trainyard::engine
