#include "manifest/asset.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/strings.hpp"
#include "manifest/asset_keys.hpp"
#include "manifest/compute.hpp"
#include "manifest/mapping_reader.hpp"
#include "manifest/sample.hpp"
#include "manifest/store_reference.hpp"

namespace trainyard::manifest {
namespace {

using Json = nlohmann::json;

const Section& section_of(Asset asset) {
  return asset == Asset::Experiment ? experiment_manifest() : definition_manifest();
}

// What a scalar looks like, where no table says what it is.
Json plain_value(const std::string& text) {
  if (text == "true" || text == "false") return text == "true";
  if (const auto whole = parse_i64(text)) return *whole;
  const Json number = Json::parse(text, nullptr, false);
  return number.is_number() ? number : Json(text);
}

Json plain_tree(const Node& node) {  // as deep as the tree, which is bounded
  switch (node.kind) {
    case Node::Kind::Null:
      return nullptr;
    case Node::Kind::Scalar:
      return plain_value(node.text);
    case Node::Kind::Sequence: {
      Json list = Json::array();
      for (const auto& item : node.items) list.push_back(plain_tree(*item));
      return list;
    }
    case Node::Kind::Mapping: {
      Json mapping = Json::object();
      for (const Member& member : node.members) mapping[member.key] = plain_tree(*member.value);
      return mapping;
    }
  }
  return nullptr;
}

Json mapping_tree(const Section& section, const Node& node);

Json value_tree(const Key& key, const Node& node) {
  if (key.shape == Shape::Any || node.kind == Node::Kind::Null) return plain_tree(node);
  if (node.kind == Node::Kind::Scalar) {
    const bool number = key.shape == Shape::Count || key.shape == Shape::Decimal;
    return number ? plain_value(std::string(trim(node.text))) : Json(node.text);
  }
  if (node.kind == Node::Kind::Mapping) {
    return key.members == nullptr ? plain_tree(node) : mapping_tree(*key.members, node);
  }
  Json list = Json::array();
  for (const auto& item : node.items) list.push_back(value_tree(key, *item));
  return list;
}

// Under the names of the table, where it has an alias for them.
Json mapping_tree(const Section& section, const Node& node) {
  Json mapping = Json::object();
  for (const Member& member : node.members) {
    const Key* key = section.find(member.key);
    if (key == nullptr) continue;  // was warned about
    mapping[std::string(key->name)] = value_tree(*key, *member.value);
  }
  return mapping;
}

// Its checks are those of a run's manifest; what comes out of them is not needed here.
void check_references(const MappingReader& top) {
  if (const auto data = top.section("training_data_reference")) read_reference(*data, "source");
  if (const auto results = top.section("training_results_reference")) {
    read_reference(*results, "target");
  }
}

void check_definition(const Node& root, Problems& problems) {
  const MappingReader top(problems, definition_manifest(), root, "");
  if (const auto framework = top.section("framework")) framework->section("runtimes");
  if (const auto execution = top.section("execution")) read_compute(*execution);
  if (const auto data = top.section("training_data_reference")) read_reference(*data, "source");
}

void check_experiment(const Node& root, Problems& problems) {
  const MappingReader top(problems, experiment_manifest(), root, "");
  top.section("settings");
  if (const auto* references = top.find("training_references")) {
    const Key& key = *experiment_manifest().find("training_references");
    if (references->items.empty()) {
      problems.error(references->at, "training_references", "expected at least one entry");
    }
    for (std::size_t i = 0; i < references->items.size(); ++i) {
      const Node& item = *references->items[i];
      const auto path = fmt::format("training_references[{}]", i);
      if (item.kind != Node::Kind::Mapping) {
        problems.error(item.at, path, "expected keys with values");
        continue;
      }
      const MappingReader reference(problems, *key.members, item, path);
      reference.section("compute_configuration");
    }
  }
  check_references(top);
}

// The API reads the command at the top, and knows the size by its last name (wml-v3 d.1).
void put_execution_right(Json& definition) {
  const auto execution = definition.find("execution");
  if (execution == definition.end() || !execution->is_object()) return;
  if (!definition.contains("command") && execution->contains("command")) {
    definition["command"] = (*execution)["command"];
  }
  if (const auto size = execution->find("resource"); size != execution->end()) {
    Json compute = size->is_string() ? Json{{"name", *size}} : std::move(*size);
    execution->erase(size);
    (*execution)["compute_configuration"] = std::move(compute);
  }
}

// A list in the API, and most often a mapping in files.
void put_runtimes_right(Json& definition) {
  const auto framework = definition.find("framework");
  if (framework == definition.end() || !framework->is_object()) return;
  const auto runtimes = framework->find("runtimes");
  if (runtimes != framework->end() && runtimes->is_object()) {
    *runtimes = Json::array({std::move(*runtimes)});
  }
}

AssetResult failed(std::vector<Diagnostic> diagnostics) {
  put_in_order(diagnostics);
  return {std::nullopt, std::move(diagnostics)};
}

}  // namespace

AssetResult parse_asset(std::string_view text, Asset asset) {
  const auto tree = read_yaml(text);
  if (tree.root == nullptr) return failed({*tree.problem});
  if (tree.root->kind != Node::Kind::Mapping) {
    return failed({{Severity::Error, tree.root->at, "", "expected keys with values", ""}});
  }
  Problems problems(Source::File);
  if (asset == Asset::Experiment) {
    check_experiment(*tree.root, problems);
  } else {
    check_definition(*tree.root, problems);
  }
  auto diagnostics = problems.take();
  if (has_errors(diagnostics)) return failed(std::move(diagnostics));
  put_in_order(diagnostics);
  Json json = mapping_tree(section_of(asset), *tree.root);
  if (asset == Asset::TrainingDefinition) {
    put_execution_right(json);
    put_runtimes_right(json);
  }
  return {Secret(json.dump()), std::move(diagnostics)};
}

std::string sample_asset(Asset asset) {
  std::string text =
      asset == Asset::Experiment
          ? "# Describes an experiment: bx ml store experiments experiments.yml\n"
          : "# Describes a training definition:\n"
            "# bx ml store training-definitions MODEL.zip training-definitions.yml\n";
  text += "# Put your own values in place of those in angle brackets.\n";
  write_sample_keys(section_of(asset), "", text);
  return text;
}

}  // namespace trainyard::manifest
