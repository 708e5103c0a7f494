#include "manifest/ffdl.hpp"

#include <fmt/format.h>

#include "base/strings.hpp"
#include "manifest/compute.hpp"
#include "manifest/store_reference.hpp"

namespace trainyard::manifest {
namespace {

std::vector<MappingReader> read_stores(const MappingReader& top) {
  std::vector<MappingReader> stores;
  const auto* list = top.find("data_stores");
  if (list == nullptr) return stores;
  const auto& section = *ffdl_manifest().find("data_stores")->members;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const auto& item = *list->items[i];
    const auto path = fmt::format("{}[{}]", top.path("data_stores"), i);
    if (item.kind == Node::Kind::Mapping) {
      stores.emplace_back(top.problems(), section, item, path);
    } else {
      top.problems().error(item.at, path, "expected keys with values");
    }
  }
  return stores;
}

// The one store that has the place; more than one is refused (T10).
const MappingReader* store_with(std::string_view place, const std::vector<MappingReader>& stores) {
  const MappingReader* found = nullptr;
  for (const auto& store : stores) {
    if (store.find(place) == nullptr) continue;
    if (found != nullptr) {
      store.problems().error(store.at(place), store.path(place),
                             "a second one; exactly one object store is taken");
    } else {
      found = &store;
    }
  }
  return found;
}

void read_data_stores(const MappingReader& top, model::Manifest& into) {
  const auto stores = read_stores(top);
  const auto* data = store_with("training_data", stores);
  const auto* results = store_with("training_results", stores);
  if (data == nullptr) {
    top.problems().error(top.at("data_stores"), top.path("data_stores"),
                         "no store has \"training_data\"",
                         "name the bucket with the training data there");
    return;
  }
  into.training_data = read_ffdl_reference(*data, "training_data");
  if (results != nullptr) {
    into.training_results = read_ffdl_reference(*results, "training_results");
    return;
  }
  into.training_results = into.training_data;
  top.problems().add(Severity::Warning, data->at(), data->path(),
                     "no \"training_results\" is given; results go to the bucket of the data");
}

}  // namespace

model::Manifest read_ffdl_manifest(const Node& root, Problems& problems) {
  const MappingReader top(problems, ffdl_manifest(), root, "");
  model::Manifest manifest;
  manifest.name = top.text("name");
  manifest.description = top.text("description");
  manifest.compute = read_ffdl_compute(top);
  if (const auto framework = top.section("framework")) {
    manifest.framework.name = trim(framework->text("name"));
    manifest.framework.version = trim(framework->text("version"));
    manifest.command = framework->command("command");
  }
  read_data_stores(top, manifest);
  return manifest;
}

}  // namespace trainyard::manifest
