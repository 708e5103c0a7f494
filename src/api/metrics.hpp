#pragma once
// What GET /metrics tells of the calls that were answered, in Prometheus's text format (0.0.4).
// Thread-safe.
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "base/sync.hpp"

namespace trainyard::api {

class Metrics {
 public:
  static constexpr std::array<double, 12> kBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                     0.1,   0.25,   0.5,   1,    2.5,   10};
  // `route` is a pattern, "/v3/models/{id}", so that there are only so many.
  void observe(const std::string& method, const std::string& route, int status,
               std::chrono::nanoseconds duration);
  std::string text();  // http_requests_total, http_request_duration_seconds

 private:
  struct Histogram {
    std::array<std::uint64_t, kBounds.size() + 1> counts{};
    double sum = 0;
  };
  struct State {
    std::map<std::tuple<std::string, std::string, int>, std::uint64_t> requests;
    std::map<std::pair<std::string, std::string>, Histogram> durations;
  };
  Sync<State> state_;
};

// process_cpu_seconds_total, process_resident_memory_bytes and the other standard names.
std::string process_metrics();

}  // namespace trainyard::api
