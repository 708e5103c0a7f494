#include "engine/gpu_inventory.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/strings.hpp"
#include "engine/machine.hpp"

namespace trainyard::engine {

namespace {

constexpr Milliseconds kLookEvery{60'000};
// Sits on every GPU of a machine that uses NVIDIA's multi-process service, idle or not.
// The kernel keeps 15 characters of "nvidia-cuda-mps-server".
constexpr std::string_view kMpsServer = "nvidia-cuda-mps";

bool is_outsider(const GpuProcess& process, const std::set<pid_t>& learners) {
  return process_exists(process.pid) && !descends_from(process.pid, learners) &&
         program_name(process.pid) != kMpsServer;
}

std::string describe(const GpuProcess& process) {
  const auto text = fmt::format("pid {} ({})", process.pid, program_name(process.pid));
  if (!process.memory_bytes) return text + " computes on it";
  return fmt::format("{} uses {} of it", text, format_bytes(*process.memory_bytes));
}

std::string why_unavailable(const Gpu& gpu, const std::set<pid_t>& learners) {
  if (gpu.mig)
    return fmt::format(
        "in MIG mode, which is not used here: turn it off with 'nvidia-smi -i {} -mig 0'",
        gpu.uuid);
  if (!gpu.fault.empty())
    return "unusable: the NVIDIA driver does not tell who uses it: " + gpu.fault;
  std::vector<GpuProcess> outsiders;
  std::copy_if(gpu.processes.begin(), gpu.processes.end(), std::back_inserter(outsiders),
               [&](const GpuProcess& process) { return is_outsider(process, learners); });
  if (outsiders.empty()) return {};
  const std::string first = "busy: " + describe(outsiders.front());
  if (outsiders.size() == 1) return first;
  return fmt::format("{}, and so {} {} more", first, outsiders.size() == 2 ? "does" : "do",
                     outsiders.size() - 1);
}

Slot to_slot(const Gpu& gpu, const std::set<pid_t>& learners) {
  return Slot{gpu.uuid, true, gpu.name, gpu.memory_bytes, why_unavailable(gpu, learners)};
}

bool contains(const std::vector<Slot>& slots, const std::string& id) {
  return std::any_of(slots.begin(), slots.end(), [&](const Slot& slot) { return slot.id == id; });
}

}  // namespace

void GpuInventory::look_for_driver(TimePoint now) {
  // `now` may have been set back since.
  if (looked_at_ && now >= *looked_at_ && now - *looked_at_ < kLookEvery) return;
  looked_at_ = now;
  try {
    nvml_.emplace(library_);
  } catch (const Error& e) {
    problem_ = e.what();
  }
}

GpuInventory::Reading GpuInventory::without_driver() const {
  Reading reading{known_, problem_};
  for (Slot& slot : reading.slots) slot.unavailable = "unusable: " + problem_;
  return reading;
}

GpuInventory::Reading GpuInventory::read(const std::set<pid_t>& learners, TimePoint now) {
  if (!nvml_) look_for_driver(now);
  if (!nvml_) return without_driver();
  Reading reading;
  try {
    for (const Gpu& gpu : nvml_->gpus()) reading.slots.push_back(to_slot(gpu, learners));
  } catch (const Error& e) {
    problem_ = e.what();
    nvml_.reset();
    looked_at_ = now;
    return without_driver();
  }
  for (const Slot& slot : known_) {
    if (contains(reading.slots, slot.id)) continue;
    reading.slots.push_back(slot);
    reading.slots.back().unavailable =
        "unusable: the NVIDIA driver does not report it any more; look for Xid in the kernel's "
        "log, and restart the machine";
  }
  if (reading.slots.empty()) reading.problem = "the NVIDIA driver reports no GPU";
  known_ = reading.slots;
  return reading;
}

}  // namespace trainyard::engine
