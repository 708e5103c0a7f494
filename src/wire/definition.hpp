#pragma once
// Training definitions (wml-v3 b.1): the zip with the model code, as the v3 API shows it.
//
//   POST /v3/ml_assets/training_definitions       request → 201 definition
//   POST /v3/ml_assets/training_definitions/{id}  request → 201 definition, in a new version
//   PUT  <content_url>                            the zip → 200 {"ok":"true"}
//   GET  /v3/ml_assets/training_definitions[/{id}]        → 200 definition, or a list of them
//   GET  /v3/ml_assets/training_definitions/{id}/versions → 200 list of its versions, in order
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "model/manifest.hpp"

namespace trainyard::wire {

// In DefinitionRequest::extra_json: made for one run, as `bx ml train` does; it goes with that run.
inline constexpr std::string_view kForOneRun = R"({"for_one_run":true})";

// What a definition's URL names: "…/v3/ml_assets/training_definitions/ID[/versions/VERSION][/…]",
// or the older "…/v3/ml_assets/experiments/ID…". Empty: the id when it is no such URL, the version
// when that is left open.
struct DefinitionPlace {
  std::string id, version;
};
DefinitionPlace definition_place(std::string_view href);
// The other way round, as answers have it; of the definition when `version` is empty.
std::string definition_url(std::string_view base_url, std::string_view id,
                           std::string_view version = {});

struct DefinitionRequest {
  std::string name;
  std::string description;
  model::Framework framework;
  std::string command;  // may be empty
  // Every other field, as a JSON object, to be echoed in answers. Secrets in it (of a data
  // reference) are replaced by "***".
  std::string extra_json = "{}";
  // What was read as training_data_reference, as JSON and with its secrets; empty: none. A run
  // brings its own references; an experiment may leave this one to its definitions (d.4).
  Secret data_reference;
  bool operator==(const DefinitionRequest&) const = default;
};

std::string encode(const DefinitionRequest& request);
// InvalidInput, also for a key of its data that is "***", as answers show it; TooLarge past 1 MiB.
DefinitionRequest decode_definition_request(std::string_view json);

struct Definition {
  std::string id;          // uuid
  std::string version_id;  // uuid
  DefinitionRequest fields;
  bool has_content = false;
  TimePoint created_at;
  TimePoint modified_at;  // of this version; shown when it is not the first
};

// `base_url` is where the client reached the service: "http://127.0.0.1:8080", without a slash. The
// URLs of definitions are absolute.
std::string encode(const Definition& definition, std::string_view base_url);
// `next_url` is empty on the last page.
std::string encode_definition_list(std::span<const Definition> definitions,
                                   std::string_view base_url, std::string_view next_url);
// The answer to content: {"ok":"true"}, a text, which strict clients insist on.
std::string encode_content_answer();

struct DefinitionView {
  std::string id, url;
  std::string version_id, content_url;
  std::string content_state;  // "no_content", "persisted"
  std::string name;
  model::Framework framework;
  TimePoint created_at;
};
struct DefinitionListView {
  std::vector<DefinitionView> definitions;
  std::string next_url;
};

// Throw InvalidInput, and TooLarge past 1 MiB for one and 64 MiB for a list.
DefinitionView decode_definition(std::string_view json);
DefinitionListView decode_definition_list(std::string_view json);

}  // namespace trainyard::wire
