#include "wire/experiment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/strings.hpp"
#include "wire/best_results.hpp"
#include "wire/masking.hpp"
#include "wire/parts.hpp"

namespace trainyard::wire {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kExperimentLimit = 1 << 20;
constexpr std::size_t kAnswerLimit = 2 << 20;
constexpr std::size_t kListLimit = 256 << 20;

// Leaving these out in silence would train something else than was asked for.
void check_offered(const JsonObject& reference) {
  for (const std::string_view field : {"hyper_parameters_optimization", "pretrained_model_url"}) {
    if (!reference.has(field)) continue;
    throw Error(ErrorKind::Unsupported,
                fmt::format("training_references: {} is not offered; write one training reference "
                            "for each set of parameters, in its command",
                            field));
  }
}

void check_references(const JsonObject& in) {
  const auto references = in.objects("training_references");
  if (references.empty()) in.fail("training_references", "must be a list of at least one");
  if (references.size() > kMostTrainingReferences) {
    in.fail("training_references",
            fmt::format("must be a list of at most {}", kMostTrainingReferences));
  }
  for (const JsonObject& reference : references) {
    reference.text("training_definition_url");
    if (reference.has("name")) read_name(reference);
    check_offered(reference);
  }
}

Json tree_of(const Secret& entity) {
  return JsonObject::parse(entity.reveal(), "experiment", kExperimentLimit).tree();
}

Json operations_of(std::string_view patch) {
  Json operations = Json::array();
  for (const JsonObject& operation :
       JsonObject::parse_one_or_more(patch, "JSON-patch", kExperimentLimit)) {
    const std::string op = operation.text("op");
    // copy and move could make the tree grow without bound.
    constexpr std::array<std::string_view, 4> kTaken{"add", "replace", "remove", "test"};
    if (std::ranges::find(kTaken, op) == kTaken.end()) {
      operation.fail("op", "must be add, replace, remove or test");
    }
    operations.push_back(operation.tree());
  }
  return operations;
}

Json definition_of(const Json& entity, const Json& reference) {
  Json definition = {{"definition_href", reference.at("training_definition_url")},
                     {"name", reference.value("name", Json(""))}};
  const Json& settings = entity.at("settings");
  if (settings.contains("author")) definition["author"] = settings["author"];
  Json execution = Json::object();
  for (const char* field : {"command", "compute_configuration"}) {
    if (reference.contains(field)) execution[field] = reference[field];
  }
  definition["execution"] = std::move(execution);
  return definition;
}

void write_experiment(JsonWriter& out, const Experiment& experiment, std::string_view base_url,
                      Secrets secrets) {
  Json entity = tree_of(experiment.entity);
  if (secrets == Secrets::Masked) entity = without_secrets(std::move(entity));
  out.begin_object()
      .key("metadata")
      .begin_object()
      .field("guid", experiment.id)
      .field("url", fmt::format("{}/v3/experiments/{}", base_url, experiment.id))
      .field("created_at", experiment.created_at)
      .field("modified_at", experiment.modified_at)
      .end_object()
      .key("entity")
      .raw(entity.dump())
      .end_object();
}

ExperimentRequest read_request(const JsonObject& in) {
  ExperimentRequest request{.name = read_name(in.object("settings")), .entity = {}};
  check_references(in);
  in.object("training_results_reference");
  in.optional_object("training_data_reference");
  request.entity = Secret(in.tree().dump());
  return request;
}

// A tree that was read from an answer, and whose keys are not known any more.
void check_unmasked(const Json& entity) {
  if (!entity.is_object()) return;
  for (const auto& [name, member] : entity.items()) {
    if (!has_masked_secret(Json::object({{name, member}}))) continue;
    throw Error(ErrorKind::InvalidInput,
                fmt::format("experiment: field \"{}\" has \"***\", as answers show keys: send the "
                            "key itself",
                            printable(name)));
  }
}

// The keys of a bucket go where they were meant to go, and nowhere else for whoever may change the
// rest.
void check_places(const Json& before, const Json& after, const SetAside& secrets) {
  for (const char* field : {"training_data_reference", "training_results_reference"}) {
    const auto reference = after.find(field);
    const auto kept = reference == after.end() ? "" : secrets.name_of_one_in(*reference);
    if (kept.empty() || place_of(*reference) == place_of(before.value(field, Json()))) continue;
    throw Error(ErrorKind::InvalidInput,
                fmt::format("JSON-patch: {0}.connection would be another one, and the {1} that is "
                            "kept was given for the one before: give {0}.connection with its {1} "
                            "in the same patch",
                            field, printable(kept)));
  }
}

Json evaluation_of(const Json& entity) {
  const auto settings = entity.find("settings");
  if (settings == entity.end() || !settings->is_object()) return {};
  return settings->value("evaluation_definition", Json());
}

ExperimentView read_experiment(const JsonObject& in) {
  const JsonObject metadata = in.object("metadata");
  const JsonObject entity = in.object("entity");
  return {.id = metadata.text("guid"),
          .url = metadata.text("url"),
          .name = entity.object("settings").text_or_empty("name"),
          .training_references = entity.objects("training_references").size(),
          .created_at = metadata.time("created_at")};
}

}  // namespace

ExperimentRequest decode_experiment_request(std::string_view json) {
  const JsonObject in = JsonObject::parse(json, "experiment", kExperimentLimit);
  check_unmasked(in.tree());
  check_evaluation(in.object("settings"));
  return read_request(in);
}

ExperimentRequest patch_experiment(const Secret& entity, std::string_view patch) {
  const Json operations = operations_of(patch);
  Json before = tree_of(entity);
  const SetAside secrets(before);
  Json changed;
  try {
    changed = before.patch(operations);
  } catch (const Json::exception& e) {
    const bool test = e.id == 501;  // "unsuccessful": an operation test found another value
    throw Error(test ? ErrorKind::Conflict : ErrorKind::InvalidInput,
                test ? "JSON-patch: a test found another value; read the experiment again"
                     : "JSON-patch: an operation does not fit this experiment; its path must name "
                       "a field of the entity");
  }
  check_places(before, changed, secrets);
  check_unmasked(changed);
  const bool compares_anew = evaluation_of(changed) != evaluation_of(before);
  secrets.put_back(changed);
  const JsonObject in = JsonObject::parse(changed.dump(), "experiment", kExperimentLimit);
  // One that is older than the check stands in the way of no other change.
  if (compares_anew) check_evaluation(in.object("settings"));
  return read_request(in);
}

std::vector<TrainingReference> training_references(const Secret& entity) {
  const JsonObject in = JsonObject::parse(entity.reveal(), "experiment", kExperimentLimit);
  std::vector<TrainingReference> references;
  for (const JsonObject& reference : in.objects("training_references")) {
    references.push_back({.name = reference.text_or_empty("name"),
                          .definition_url = reference.text("training_definition_url"),
                          .has_data = in.has("training_data_reference")});
  }
  return references;
}

std::vector<Secret> training_requests(const Secret& entity,
                                      std::span<const Secret> data_references) {
  const Json in = tree_of(entity);
  const Json& references = in.at("training_references");
  const auto own = in.find("training_data_reference");
  const bool has_own = own != in.end() && !own->is_null();
  std::vector<Secret> requests;
  for (std::size_t i = 0; i < references.size(); ++i) {
    Json request = {{"model_definition", definition_of(in, references[i])},
                    {"training_results_reference", in.at("training_results_reference")}};
    if (has_own) {
      request["training_data_reference"] = *own;
    } else if (!data_references[i].empty()) {
      request["training_data_reference"] = Json::parse(data_references[i].reveal());
    }
    requests.emplace_back(request.dump());
  }
  return requests;
}

std::string encode(const Experiment& experiment, std::string_view base_url, Secrets secrets) {
  JsonWriter out;
  write_experiment(out, experiment, base_url, secrets);
  return out.take();
}

ExperimentListWriter::ExperimentListWriter() { out_.begin_object().key("resources").begin_array(); }

void ExperimentListWriter::add(const Experiment& experiment, std::string_view base_url,
                               Secrets secrets) {
  write_experiment(out_, experiment, base_url, secrets);
}

std::string ExperimentListWriter::finish(std::string_view next_url) {
  out_.end_array();
  write_next(out_, next_url);
  out_.end_object();
  return out_.take();
}

ExperimentView decode_experiment(std::string_view json) {
  return read_experiment(JsonObject::parse(json, "experiment", kAnswerLimit));
}

ExperimentListView decode_experiment_list(std::string_view json) {
  const JsonObject in = JsonObject::parse(json, "list of experiments", kListLimit);
  ExperimentListView list;
  for (const JsonObject& item : in.objects("resources")) {
    list.experiments.push_back(read_experiment(item));
  }
  list.next_url = read_next(in);
  return list;
}

}  // namespace trainyard::wire
