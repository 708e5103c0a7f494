#include "api/metrics.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/strings.hpp"

namespace trainyard::api {
namespace {

using Out = std::back_insert_iterator<std::string>;

void head(Out out, const char* name, const char* type, const char* help) {
  fmt::format_to(out, "# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

void single(Out out, const char* name, const char* type, const char* help, double value) {
  head(out, name, type, help);
  fmt::format_to(out, "{} {}\n", name, value);
}

// The fields of /proc/self/stat from the third on; the second, a name, may hold anything.
std::vector<std::string> stat_fields() {
  const auto text = read_file("/proc/self/stat", 1 << 16);
  return split(std::string_view(text).substr(text.rfind(')') + 2), ' ');
}

double number(const std::vector<std::string>& fields, std::size_t field) {
  return static_cast<double>(parse_u64(fields.at(field - 3)).value_or(0));
}

double boot_time() {
  for (const auto& line : split(read_file("/proc/stat", 4 << 20), '\n')) {
    if (line.starts_with("btime ")) {
      return static_cast<double>(parse_u64(std::string_view(line).substr(6)).value_or(0));
    }
  }
  return 0;
}

std::size_t open_files() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all))) - 1;  // its own
}

}  // namespace

void Metrics::observe(const std::string& method, const std::string& route, int status,
                      std::chrono::nanoseconds duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  std::size_t bucket = 0;
  while (bucket < kBounds.size() && seconds > kBounds[bucket]) ++bucket;
  state_.with([&](State& state) {
    ++state.requests[{method, route, status}];
    Histogram& histogram = state.durations[{method, route}];
    ++histogram.counts[bucket];
    histogram.sum += seconds;
  });
}

std::string Metrics::text() {
  std::string result;
  const Out out(result);
  auto state = state_.lock();
  head(out, "http_requests_total", "counter", "Calls of the API that were answered.");
  for (const auto& [key, count] : state->requests) {
    const auto& [method, route, status] = key;
    fmt::format_to(out, "http_requests_total{{method=\"{}\",route=\"{}\",code=\"{}\"}} {}\n",
                   method, route, status, count);
  }
  const char* name = "http_request_duration_seconds";
  head(out, name, "histogram", "From the end of a request's head to its answer's beginning.");
  for (const auto& [key, histogram] : state->durations) {
    const auto labels = fmt::format("method=\"{}\",route=\"{}\"", key.first, key.second);
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < kBounds.size(); ++i) {
      count += histogram.counts[i];
      fmt::format_to(out, "{}_bucket{{{},le=\"{}\"}} {}\n", name, labels, kBounds[i], count);
    }
    count += histogram.counts.back();
    fmt::format_to(out,
                   "{0}_bucket{{{1},le=\"+Inf\"}} {2}\n{0}_sum{{{1}}} {3}\n{0}_count{{{1}}} {2}\n",
                   name, labels, count, histogram.sum);
  }
  return result;
}

std::string process_metrics() {
  const auto fields = stat_fields();  // proc(5)
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  std::string result;
  const Out out(result);
  single(out, "process_cpu_seconds_total", "counter", "User and system time of the service.",
         (number(fields, 14) + number(fields, 15)) / ticks);
  single(out, "process_start_time_seconds", "gauge", "When it started, in seconds since 1970.",
         boot_time() + number(fields, 22) / ticks);
  single(out, "process_virtual_memory_bytes", "gauge", "Its address space.", number(fields, 23));
  single(out, "process_resident_memory_bytes", "gauge", "What of it is in memory.",
         number(fields, 24) * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  single(out, "process_threads", "gauge", "Its threads.", number(fields, 20));
  single(out, "process_open_fds", "gauge", "Files and connections that it has open.",
         static_cast<double>(open_files()));
  single(out, "process_max_fds", "gauge", "How many it may have open.",
         static_cast<double>(files.rlim_cur));
  return result;
}

}  // namespace trainyard::api
