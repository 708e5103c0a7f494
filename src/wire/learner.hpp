#pragma once
// What a learner and the server say to each other (our additions to the v3 API). All calls carry
// "Authorization: Bearer <learner token>"; every one may be repeated until it is answered.
//
//   GET  /v3/learners/{run}/assignment                 → 200 Assignment
//   GET  /v3/learners/{run}/definition                 → 200 the zip
//   POST /v3/learners/{run}/reports      Report        → 200 ReportAnswer
//   PUT  /v3/learners/{run}/logs/{file}?offset=N bytes → 200 {"size":M}; 409 {"size":M} on a gap
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "model/run.hpp"

namespace trainyard::wire {

// What the learner runs the command in; made by runtime/catalogue, see there for the meaning.
struct RuntimeAssignment {
  std::string kind;           // "host", "environment", "image"
  std::string label;          // "tensorflow 2.21 (python 3.11)"
  std::string environment;    // directory of a managed environment (its bin/ goes first in PATH)
  std::string build_log;      // file, copied into load-model.log
  std::string image;          // for containers
  std::string image_program;  // "podman" or "docker"
  std::map<std::string, std::string> variables;
  std::string failure;  // not empty: the runtime could not be made; end with this verdict
};

struct Assignment {
  model::RunId run;
  unsigned attempt = 1;
  model::Manifest manifest;  // with secrets
  std::string definition_sha256;
  std::vector<std::string> slots;  // empty: save results only
  bool gpus = false;               // slots are GPU UUIDs
  unsigned cores = 1;              // for OMP_NUM_THREADS and the like
  bool recover = false;            // the command ran before: do not start it again
  bool cancel_requested = false;
  RuntimeAssignment runtime;
  Milliseconds cancel_grace{30'000};
  Milliseconds store_retry{24LL * 3600 * 1000};  // keep trying to save results for this long
  // Results are uploaded while the command runs once they have not changed for this long; 0: at the
  // end only.
  Milliseconds results_quiet{10'000};
};

struct Progress {     // of staging or storing; a snapshot, never part of the event log
  std::string phase;  // "staging", "storing"
  std::uint64_t files_done = 0, files_total = 0;
  std::uint64_t bytes_done = 0, bytes_total = 0;
  std::uint64_t bytes_from_cache = 0;
  double bytes_per_second = 0;
  std::optional<Milliseconds> remaining;
  std::string limited_by;  // "network" or "disk"; empty: not known
  std::string trouble;     // what stands in its way, a sentence; empty: nothing
};

// Events of this attempt in order; `sequence` of the first, from 1. Those that the server has are
// skipped, a gap is a Conflict that names the next one it wants.
struct Report {
  unsigned attempt = 1;
  std::uint64_t first_sequence = 1;
  struct Item {
    TimePoint at;
    model::Event event;  // StagingStarted, TrainingStarted, TrainingEnded, StoringStarted, Finished
  };
  std::vector<Item> items;
  std::optional<Progress> progress;
};

struct ReportAnswer {
  std::uint64_t next_sequence = 1;
  bool cancel_requested = false;
  bool superseded = false;  // another attempt took over, or the run is gone: stop, touch nothing
};

std::string encode(const Assignment& assignment);
std::string encode(const Report& report);
std::string encode(const ReportAnswer& answer);
// Throw InvalidInput, and TooLarge past 8 MiB. A report with an event that is not a learner's to
// say is InvalidInput.
Assignment decode_assignment(std::string_view json);
Report decode_report(std::string_view json);
ReportAnswer decode_report_answer(std::string_view json);
// The answer to log bytes.
std::string encode_log_size(std::uint64_t size);
std::uint64_t decode_log_size(std::string_view json);

// Event ↔ JSON, also for the repository's event log.
std::string encode(const model::Event& event);
model::Event decode_event(std::string_view json);
// Manifest ↔ our own JSON, with secrets in clear: the caller seals it.
std::string encode_with_secrets(const model::Manifest& manifest);
model::Manifest decode_manifest(std::string_view json);

}  // namespace trainyard::wire
