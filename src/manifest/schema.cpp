#include "manifest/schema.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "manifest/keys.hpp"

namespace trainyard::manifest {
namespace {

using Json = nlohmann::ordered_json;

Json reference_to(const Section& section) {
  return {{"$ref", fmt::format("#/$defs/{}", section.name)}};
}

Json text_schema(const Key& key) {
  if (!key.choices.empty()) return {{"enum", key.choices}};
  Json types = {"string", "number", "boolean"};  // YAML reads unquoted versions as numbers
  if (key.need == Need::Optional) types.push_back("null");
  return {{"type", types}};
}

Json list_of(const Section& section, bool exactly_one) {
  Json list = {{"type", "array"}, {"items", reference_to(section)}};
  if (exactly_one) {
    list["minItems"] = 1;
    list["maxItems"] = 1;
  }
  return list;
}

Json value_schema(const Key& key) {
  switch (key.shape) {
    case Shape::Text:
    case Shape::Private:
    case Shape::Command:
      return text_schema(key);
    case Shape::Count:
      return {{"type", "integer"}, {"minimum", 0}};
    case Shape::Decimal:
      return {{"type", "number"}, {"exclusiveMinimum", 0}};
    case Shape::Bytes:
      return {{"type", {"string", "integer"}}};
    case Shape::Mapping:
      return reference_to(*key.members);
    case Shape::MappingOrText:
      return {{"anyOf", {text_schema(key), reference_to(*key.members)}}};
    case Shape::MappingOrList:
      return {{"anyOf",
               {reference_to(*key.members), list_of(*key.members, key.need != Need::Optional)}}};
    case Shape::List:
      return list_of(*key.members, false);
    case Shape::Any:
      return Json::object();
  }
  return Json::object();
}

Json one_of_these_required(const Key& key) {
  Json spellings = Json::array({{{"required", {key.name}}}});
  for (const auto& alias : key.aliases) spellings.push_back({{"required", {alias}}});
  return {{"anyOf", spellings}};
}

void define(const Section& section, Json& definitions) {
  if (definitions.contains(section.name)) return;
  Json properties = Json::object();
  Json required = Json::array();
  definitions[section.name];  // keeps the order of first mention
  for (const auto& key : section.keys) {
    Json property = value_schema(key);
    property["description"] = key.doc;
    properties[key.name] = property;
    for (const auto& alias : key.aliases) {
      property["description"] = fmt::format("Another spelling of {}. {}", key.name, key.doc);
      properties[alias] = property;
    }
    if (key.need == Need::Required || key.need == Need::RequiredInFile) {
      required.push_back(one_of_these_required(key));
    }
    if (key.members != nullptr) define(*key.members, definitions);
  }
  Json definition = {
      {"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
  if (!required.empty()) definition["allOf"] = required;
  definitions[section.name] = definition;
}

}  // namespace

std::string json_schema() {
  Json definitions = Json::object();
  define(run_manifest(), definitions);
  define(ffdl_manifest(), definitions);
  const Json schema = {
      {"$schema", "https://json-schema.org/draft/2020-12/schema"},
      {"title", "Training run manifest"},
      {"type", "object"},
      {"if", {{"required", {"data_stores"}}}},
      {"then", reference_to(ffdl_manifest())},
      {"else", reference_to(run_manifest())},
      {"$defs", definitions},
  };
  return schema.dump(2) + "\n";
}

}  // namespace trainyard::manifest
