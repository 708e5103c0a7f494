#pragma once
// What is stored to be run later, over an ApiClient: training definitions (wml-v3 b.1), experiments
// and their runs (b.7). Lists are read page by page; all calls throw what ApiClient throws.
#include <filesystem>
#include <functional>
#include <string>

#include "base/secret.hpp"
#include "client/api_client.hpp"
#include "client/file_source.hpp"
#include "wire/definition.hpp"
#include "wire/experiment.hpp"
#include "wire/experiment_run.hpp"

namespace trainyard::client {

// `request` is the JSON of the definition; it is taken back when the zip is refused.
wire::DefinitionView store_definition(ApiClient& api, const Secret& request,
                                      const std::filesystem::path& zip,
                                      FileSource::Progress on_upload = {});
void definitions(ApiClient& api, const std::function<void(wire::DefinitionView)>& each);
wire::DefinitionView definition(ApiClient& api, const std::string& id);
void remove_definition(ApiClient& api, const std::string& id);

wire::ExperimentView store_experiment(ApiClient& api, const Secret& request);
void experiments(ApiClient& api, const std::function<void(wire::ExperimentView)>& each);
wire::ExperimentView experiment(ApiClient& api, const std::string& id);
void remove_experiment(ApiClient& api, const std::string& id);

// A start whose answer is lost is asked for again and started once.
wire::ExperimentRunView run_experiment(ApiClient& api, const std::string& id);
void experiment_runs(ApiClient& api, const std::string& id,
                     const std::function<void(wire::ExperimentRunView)>& each);
wire::ExperimentRunView experiment_run(ApiClient& api, const std::string& id,
                                       const std::string& run);
void cancel_experiment_run(ApiClient& api, const std::string& id, const std::string& run);
void remove_experiment_run(ApiClient& api, const std::string& id, const std::string& run);

}  // namespace trainyard::client
