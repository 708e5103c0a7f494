#include "client/stored.hpp"

#include "base/strings.hpp"

namespace trainyard::client {
namespace {

constexpr const char* kDefinitions = "/v3/ml_assets/training_definitions";
constexpr const char* kExperiments = "/v3/experiments";

std::string below(const std::string& path, const std::string& id) {
  return path + "/" + percent_encode(id);
}

std::string runs_of(const std::string& id) { return below(kExperiments, id) + "/runs"; }

// `decode` makes a page of a body, `rows` are its member for the things on it.
template <typename Page, typename Row>
void each_page(ApiClient& api, std::string next, Page (*decode)(std::string_view),
               std::vector<Row> Page::*rows, const std::function<void(Row)>& each) {
  while (!next.empty()) {
    Page page = decode(api.call_json("GET", next));
    for (Row& row : page.*rows) each(std::move(row));
    next = std::move(page.next_url);
  }
}

}  // namespace

wire::DefinitionView store_definition(ApiClient& api, const Secret& request,
                                      const std::filesystem::path& zip,
                                      FileSource::Progress on_upload) {
  auto definition = wire::decode_definition(api.call_json("POST", kDefinitions, request.reveal()));
  try {
    api.upload(definition.content_url, zip, std::move(on_upload));
  } catch (...) {
    remove_definition(api, definition.id);
    throw;
  }
  return definition;
}

void definitions(ApiClient& api, const std::function<void(wire::DefinitionView)>& each) {
  each_page(api, std::string(kDefinitions) + "?limit=1000", wire::decode_definition_list,
            &wire::DefinitionListView::definitions, each);
}

wire::DefinitionView definition(ApiClient& api, const std::string& id) {
  return wire::decode_definition(api.call_json("GET", below(kDefinitions, id)));
}

void remove_definition(ApiClient& api, const std::string& id) {
  api.call_json("DELETE", below(kDefinitions, id));
}

wire::ExperimentView store_experiment(ApiClient& api, const Secret& request) {
  return wire::decode_experiment(api.call_json("POST", kExperiments, request.reveal()));
}

void experiments(ApiClient& api, const std::function<void(wire::ExperimentView)>& each) {
  each_page(api, kExperiments, wire::decode_experiment_list, &wire::ExperimentListView::experiments,
            each);
}

wire::ExperimentView experiment(ApiClient& api, const std::string& id) {
  return wire::decode_experiment(api.call_json("GET", below(kExperiments, id)));
}

void remove_experiment(ApiClient& api, const std::string& id) {
  api.call_json("DELETE", below(kExperiments, id));
}

wire::ExperimentRunView run_experiment(ApiClient& api, const std::string& id) {
  return wire::decode_experiment_run(api.start(runs_of(id), "{}"));
}

void experiment_runs(ApiClient& api, const std::string& id,
                     const std::function<void(wire::ExperimentRunView)>& each) {
  each_page(api, runs_of(id), wire::decode_experiment_run_list, &wire::ExperimentRunListView::runs,
            each);
}

wire::ExperimentRunView experiment_run(ApiClient& api, const std::string& id,
                                       const std::string& run) {
  return wire::decode_experiment_run(api.call_json("GET", below(runs_of(id), run)));
}

void cancel_experiment_run(ApiClient& api, const std::string& id, const std::string& run) {
  api.call_json("PATCH", below(runs_of(id), run), wire::encode_cancel());
}

void remove_experiment_run(ApiClient& api, const std::string& id, const std::string& run) {
  api.call_json("DELETE", below(runs_of(id), run));
}

}  // namespace trainyard::client
