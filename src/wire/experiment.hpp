#pragma once
// Experiments (wml-v3 b.7): a set of training runs, as the v3 API shows it.
//
//   POST   /v3/experiments          experiment        → 201 {"metadata":{…},"entity":as sent}
//   GET    /v3/experiments[/{e}]                      → 200 one, or a list by id
//   PATCH  /v3/experiments/{e}      JSON-patch        → 200 experiment
//
// The entity is kept and answered as it was sent, but for the secrets of its connections.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "wire/run.hpp"

namespace trainyard::wire {

inline constexpr std::size_t kMostTrainingReferences = 1000;

struct ExperimentRequest {
  std::string name;  // settings.name
  Secret entity;     // the whole object
};

// Throws InvalidInput, also for a key that is "***", as answers show it, Unsupported for what is
// not offered (hyper-parameter search), and TooLarge past 1 MiB.
ExperimentRequest decode_experiment_request(std::string_view json);

// The entity after a JSON-patch (RFC 6902), a list of operations or a single one: add, replace,
// remove and test. Who patches need not know the keys, so what sends those of a reference elsewhere
// (any change of it but of its bucket and region) must bring them along, or is
// InvalidInput, and a test of one always fails. Throws as the above; Conflict when a test fails.
ExperimentRequest patch_experiment(const Secret& entity, std::string_view patch);

// One of an experiment's training_references, and how it is submitted.
struct TrainingReference {
  std::string name;            // may be empty
  std::string definition_url;  // as written
  bool has_data = false;       // the experiment says where its data lies
};
std::vector<TrainingReference> training_references(const Secret& entity);
// The bodies of POST /v3/models, one for each reference. `data_references[i]` is the JSON that the
// training definition of reference i has for its data (empty: none); it is looked at when the
// experiment has none of its own.
std::vector<Secret> training_requests(const Secret& entity,
                                      std::span<const Secret> data_references);

struct Experiment {
  std::string id;  // uuid
  const Secret& entity;
  TimePoint created_at, modified_at;
};

// `base_url`: where the client reached the service; the URLs of experiments are absolute.
std::string encode(const Experiment& experiment, std::string_view base_url, Secrets secrets);

class ExperimentListWriter {
 public:
  ExperimentListWriter();
  void add(const Experiment& experiment, std::string_view base_url, Secrets secrets);
  // The whole answer; `next_url` is empty on the last page. Call it once.
  std::string finish(std::string_view next_url);

 private:
  JsonWriter out_;
};

struct ExperimentView {
  std::string id, url, name;
  std::size_t training_references = 0;
  TimePoint created_at;
};
struct ExperimentListView {
  std::vector<ExperimentView> experiments;
  std::string next_url;
};
// Throw InvalidInput, and TooLarge past 2 MiB for one and 256 MiB for a list.
ExperimentView decode_experiment(std::string_view json);
ExperimentListView decode_experiment_list(std::string_view json);

}  // namespace trainyard::wire
