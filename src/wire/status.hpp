#pragma once
// GET /v3/status, ours: how the service and its machine stand.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace trainyard::wire {

struct SlotView {
  std::string id;  // GPU UUID or "cpu-0"
  bool gpu = false;
  std::string model;  // "NVIDIA H100 80GB HBM3", "2 of 8 cores"
  std::uint64_t memory_bytes = 0;
  std::string held_by;      // id of a run; empty: free
  std::string unavailable;  // why it cannot be given, or empty
  bool operator==(const SlotView&) const = default;
};

struct ServiceStatus {
  std::string version;  // of the program
  TimePoint started_at;
  std::string instance;   // id
  std::string store_url;  // of the embedded store; empty without one
  std::vector<SlotView> slots;
  unsigned cores = 0;
  std::uint64_t memory_bytes = 0;
  std::string note;                      // on the capacity: "no GPU found: 4 CPU slots stand in"
  std::uint64_t queued = 0, active = 0;  // runs
  std::vector<std::string> warnings;     // sentences: no sandbox, little disk space
  bool operator==(const ServiceStatus&) const = default;
};

std::string encode(const ServiceStatus& status);
ServiceStatus decode_status(std::string_view json);  // InvalidInput

}  // namespace trainyard::wire
