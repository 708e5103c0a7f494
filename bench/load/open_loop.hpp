#pragma once
// Requests at a fixed rate, whether or not the answers keep up with it.
#include <cstdint>
#include <string>
#include <vector>

struct Load {
  std::uint16_t port = 0;  // on 127.0.0.1
  double rate = 0;         // requests a second, evenly spaced
  double seconds = 0;
  unsigned connections = 32;          // kept alive; when all are busy, requests wait their turn
  std::vector<std::string> requests;  // whole, without a body; one is drawn for each
};

// Times are those from the moment a request was due to the end of its answer, so that one that had
// to wait because others took long counts with its wait.
struct Outcome {
  std::vector<double> times_ms;   // sorted
  std::vector<double> delays_ms;  // how late the generator itself was, when it could have sent
  std::uint64_t refused = 0;      // status other than 200
  std::uint64_t body_bytes = 0;   // of all answers
  double seconds = 0;             // until the last answer
};

// Throws trainyard::Error when a connection breaks, or when nothing comes for ten seconds.
Outcome run_open_loop(const Load& load);
