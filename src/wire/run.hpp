#pragma once
// The training run as the v3 API shows it (wml-v3 b.2–b.4), and what a client reads back.
//
//   POST  /v3/models             run request        → 202 run
//   GET   /v3/models/{id}                           → 200 run
//   GET   /v3/models[?view=summary]                 → 200 {"resources":[run…],"next"?:{"url"}}
//   PATCH /v3/models/{id}        cancel             → 204
//
// Ours, beside the recorded fields of entity.status: phase, attempt, cancel_requested, verdict,
// queue and progress. A client that knows only the recorded fields reads the same as ever.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "model/run.hpp"
#include "wire/json_writer.hpp"
#include "wire/learner.hpp"
#include "wire/metric.hpp"

namespace trainyard::wire {

// How the secrets of the connections are shown: as "***", or as sent, for the clients of old that
// read logs from the bucket with the keys of the answer (b.2).
enum class Secrets { Masked, InClear };

struct QueueView {        // why a pending run waits
  std::size_t place = 0;  // 1: next
  std::string message;
  std::optional<TimePoint> estimate;  // when it may start
  bool operator==(const QueueView&) const = default;
};

struct RunRendering {
  Secrets secrets = Secrets::Masked;
  std::optional<QueueView> queue;
  std::optional<Progress> progress;
  std::string metrics = "[]";  // encode() of a list of them
};

std::string encode_run(const model::TrainingRun& run, const RunRendering& how = {});

// What every answer about a run says of its manifest: the beginning of the entity, up to where the
// folder in the results bucket may be named. The repository keeps it, masked, with the run, so that
// a page of the history costs no reading of manifests. Who changes what this writes adds a
// migration that empties the kept ones (repository/schema.cpp).
std::string encode_shown(const model::Manifest& manifest, Secrets secrets);
// The same as encode_run(run, how), of a run without its manifest; how.secrets is not looked at.
std::string encode_run(const model::TrainingRun& run, std::string_view shown_manifest,
                       const RunRendering& how);

class RunListWriter {
 public:
  RunListWriter();
  // As encode_run() with a shown manifest.
  void add(const model::TrainingRun& run, std::string_view shown_manifest, const RunRendering& how);
  // One flat object – id, url, name, state, phase, framework, version, size, gpus, submitted_at,
  // running_at, finished_at – for lists of thousands; the connections of the manifest are not
  // looked at.
  void add_summary(const model::TrainingRun& run);
  // The whole answer; `next_url` is empty on the last page. Call it once.
  std::string finish(std::string_view next_url);

 private:
  JsonWriter out_;
};

// The body of POST /v3/models in the shape of (b.2), with secrets, as a client sends it. The server
// reads it with the manifest library.
std::string encode_run_request(const model::Manifest& manifest);

// The cancel of (b.3): {"op":"replace","path":"/status/state","value":"canceled"} or a list of just
// that. Throws InvalidInput for any other change.
std::string encode_cancel();
void decode_cancel(std::string_view json);

// ---- a client's view
// -----------------------------------------------------------------------------

struct StoreView {
  std::string type;      // "s3", "bluemix_objectstore"
  std::string endpoint;  // endpoint_url or auth_url
  std::string bucket;
  std::string model_location;  // of results: the folder in the bucket (T22); empty before it runs
};

// What is missing in a summary is empty here.
struct RunView {
  std::string id;
  std::string url;  // relative: "/v3/models/training-DOl4q2LkR"
  std::string name, description;
  model::RunState state = model::RunState::Pending;
  std::optional<model::Phase> phase;
  std::string framework, version;
  std::string command;
  std::string size;
  unsigned gpus = 0;  // 0: not said
  std::string definition_href;
  StoreView training_data, training_results;
  std::optional<TimePoint> submitted_at, running_at, finished_at, current_at;
  std::string message;
  unsigned attempt = 0;
  bool cancel_requested = false;
  std::optional<model::Verdict> verdict;
  std::optional<QueueView> queue;
  std::optional<Progress> progress;
  std::vector<Metric> metrics;
};

struct RunListView {
  std::vector<RunView> runs;
  std::string next_url;  // empty: no more
};

// Throw InvalidInput, and TooLarge past 8 MiB for a run and 256 MiB for a list.
RunView decode_run(std::string_view json);
RunListView decode_run_list(std::string_view json);  // of either view

}  // namespace trainyard::wire
