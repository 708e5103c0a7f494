#include "manifest/parse.hpp"

#include <algorithm>

#include "base/strings.hpp"
#include "manifest/compute.hpp"
#include "manifest/ffdl.hpp"
#include "manifest/mapping_reader.hpp"
#include "manifest/store_reference.hpp"
#include "manifest/tree.hpp"

namespace trainyard::manifest {
namespace {

std::string trimmed(const MappingReader& reader, std::string_view key) {
  return std::string(trim(reader.text(key)));
}

model::Author read_author(const MappingReader& definition) {
  const auto* author = definition.find("author");
  if (author == nullptr) return {};
  if (author->kind == Node::Kind::Scalar) return {.name = author->text, .email = ""};
  const auto section = definition.section("author");
  return {.name = section->text("name"), .email = section->text("email")};
}

void read_runtimes(const MappingReader& framework, std::vector<model::RuntimeName>& into) {
  const auto* runtimes = framework.find("runtimes");
  if (runtimes == nullptr) return;
  if (runtimes->kind == Node::Kind::Sequence && runtimes->items.empty()) return;
  if (const auto runtime = framework.section("runtimes")) {
    into.push_back({.name = trimmed(*runtime, "name"), .version = trimmed(*runtime, "version")});
  }
}

model::Framework read_framework(const MappingReader& definition) {
  model::Framework result;
  const auto framework = definition.section("framework");
  if (!framework) return result;
  result.name = trimmed(*framework, "name");
  result.version = trimmed(*framework, "version");
  read_runtimes(*framework, result.runtimes);
  return result;
}

void read_definition(const MappingReader& definition, model::Manifest& into) {
  into.name = definition.text("name");
  into.description = definition.text("description");
  into.author = read_author(definition);
  into.framework = read_framework(definition);
  into.definition_href = trimmed(definition, "definition_href");
  into.compute = default_compute();
  if (const auto execution = definition.section("execution")) {
    into.command = execution->command("command");
    into.compute = read_compute(*execution);
  }
}

void note_missing_name(const model::Manifest& manifest, Problems& problems, Position at,
                       std::string path) {
  if (!manifest.name.empty() || problems.source() == Source::Request) return;
  problems.add(Severity::Warning, at, std::move(path), "no \"name\" is given",
               "a name helps you to recognise the run in lists");
}

model::Manifest read_run_manifest(const Node& root, Problems& problems) {
  const MappingReader top(problems, run_manifest(), root, "");
  model::Manifest manifest;
  if (const auto definition = top.section("model_definition")) {
    read_definition(*definition, manifest);
    note_missing_name(manifest, problems, definition->at(), definition->path());
  }
  if (const auto data = top.section("training_data_reference")) {
    manifest.training_data = read_reference(*data, "source");
  }
  if (const auto results = top.section("training_results_reference")) {
    manifest.training_results = read_reference(*results, "target");
  }
  return manifest;
}

bool has_key(const Node& mapping, std::string_view key) {
  return std::any_of(mapping.members.begin(), mapping.members.end(),
                     [&](const auto& member) { return member.key == key; });
}

Tree read_tree(std::string_view text, Source source) {
  if (source == Source::Request) return read_json(text);
  auto tree = read_yaml(text);
  // JSON that is no YAML, for its escapes of characters beyond the first 65,536.
  if (tree.root == nullptr && trim(text).starts_with('{')) {
    if (auto json = read_json(text); json.root != nullptr) return json;
  }
  return tree;
}

ParseResult failed(std::vector<Diagnostic> diagnostics) {
  put_in_order(diagnostics);
  return {std::nullopt, std::move(diagnostics)};
}

}  // namespace

ParseResult parse(std::string_view text, Source source) {
  const auto tree = read_tree(text, source);
  if (tree.root == nullptr) return failed({*tree.problem});
  if (tree.root->kind != Node::Kind::Mapping) {
    return failed({{Severity::Error, tree.root->at, "",
                    "expected the keys model_definition, training_data_reference and "
                    "training_results_reference, found something else",
                    ""}});
  }

  Problems problems(source);
  const bool ffdl = has_key(*tree.root, "data_stores") && !has_key(*tree.root, "model_definition");
  auto manifest =
      ffdl ? read_ffdl_manifest(*tree.root, problems) : read_run_manifest(*tree.root, problems);
  if (ffdl) note_missing_name(manifest, problems, tree.root->at, "");
  auto diagnostics = problems.take();
  if (has_errors(diagnostics)) return failed(std::move(diagnostics));
  put_in_order(diagnostics);
  return {std::move(manifest), std::move(diagnostics)};
}

std::vector<Diagnostic> missing_parts(const model::Manifest& manifest) {
  std::vector<Diagnostic> missing;
  const auto require = [&](std::string_view value, std::string path) {
    if (!trim(value).empty()) return;
    missing.push_back({Severity::Error,
                       {},
                       std::move(path),
                       "is missing, here and in the training definition",
                       ""});
  };
  require(manifest.framework.name, "model_definition.framework.name");
  require(manifest.framework.version, "model_definition.framework.version");
  require(manifest.command, "model_definition.execution.command");
  return missing;
}

}  // namespace trainyard::manifest
