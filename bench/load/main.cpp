// Asks a server on this machine at a fixed rate, for bench/reads.py:
//
//   load_generator PORT RATE SECONDS CONNECTIONS
//
// Standard input holds the header lines of every request, an empty line, and the paths to GET, of
// which one is drawn for each request. Prints one JSON object: times in milliseconds from when a
// request was due to the end of its answer, and how late the generator itself was.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string>

#include "base/error.hpp"
#include "open_loop.hpp"

namespace {

using namespace trainyard;

std::vector<std::string> read_requests(std::istream& in) {
  std::string headers, line;
  while (std::getline(in, line) && !line.empty()) headers += line + "\r\n";
  std::vector<std::string> requests;
  while (std::getline(in, line)) {
    requests.push_back(fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\n{}\r\n", line, headers));
  }
  if (requests.empty()) throw Error(ErrorKind::InvalidInput, "there is no path to ask for");
  return requests;
}

double share(const std::vector<double>& sorted, double part) {
  return sorted.at(std::min(sorted.size() - 1,
                            static_cast<std::size_t>(part * static_cast<double>(sorted.size()))));
}

void print(const Outcome& outcome) {
  const auto& times = outcome.times_ms;
  const auto count = static_cast<double>(times.size());
  fmt::print(
      "{{\"requests\":{},\"refused\":{},\"rate\":{:.1f},\"mean_bytes\":{:.0f},\"median_ms\":{:.3f},"
      "\"p90_ms\":{:.3f},\"p99_ms\":{:.3f},\"p999_ms\":{:.3f},\"max_ms\":{:.3f},"
      "\"generator_p99_ms\":{:.3f}}}\n",
      times.size(), outcome.refused, count / outcome.seconds,
      static_cast<double>(outcome.body_bytes) / count, share(times, 0.5), share(times, 0.9),
      share(times, 0.99), share(times, 0.999), times.back(), share(outcome.delays_ms, 0.99));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 5) throw Error(ErrorKind::InvalidInput, "PORT RATE SECONDS CONNECTIONS");
    Load load{.port = static_cast<std::uint16_t>(std::stoul(argv[1])),
              .rate = std::stod(argv[2]),
              .seconds = std::stod(argv[3]),
              .connections = static_cast<unsigned>(std::stoul(argv[4])),
              .requests = read_requests(std::cin)};
    print(run_open_loop(load));
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "load_generator: {}\n", error.what());
    return 1;
  }
}
