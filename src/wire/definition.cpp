#include "wire/definition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "wire/masking.hpp"
#include "wire/parts.hpp"

namespace trainyard::wire {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kDefinitionLimit = 1 << 20;
constexpr std::size_t kListLimit = 64 << 20;
constexpr std::array<std::string_view, 5> kOwnFields{"name", "description", "framework", "command",
                                                     "training_definition_version"};

std::string extra_of(const JsonObject& in) {
  Json extra = Json::object();
  for (const auto& [name, value] : in.tree().items()) {
    if (std::ranges::find(kOwnFields, name) == kOwnFields.end()) extra[name] = value;
  }
  return without_secrets(std::move(extra)).dump();
}

Secret data_reference_of(const JsonObject& in) {
  if (!in.has("training_data_reference")) return {};
  const Json& reference = in.tree().at("training_data_reference");
  if (has_masked_secret(reference)) {
    in.fail("training_data_reference", "has \"***\", as answers show keys: send the key itself");
  }
  return Secret(reference.dump());
}

Json extra_tree(const std::string& extra_json) {
  return JsonObject::parse(extra_json, "definition", kDefinitionLimit).tree();
}

void write_extra(JsonWriter& out, const Json& extra) {
  for (const auto& [name, value] : extra.items()) out.key(name).raw(value.dump());
}

void write_fields(JsonWriter& out, const DefinitionRequest& fields) {
  out.field("name", fields.name)
      .text_unless_empty("description", fields.description)
      .text_unless_empty("command", fields.command)
      .key("framework");
  write_framework(out, fields.framework);
}

void write_definition(JsonWriter& out, const Definition& definition, std::string_view base_url) {
  const std::string version_url = definition_url(base_url, definition.id, definition.version_id);
  out.begin_object()
      .key("metadata")
      .begin_object()
      .field("guid", definition.id)
      .field("url", definition_url(base_url, definition.id))
      .field("created_at", definition.created_at);
  if (definition.modified_at > definition.created_at) {
    out.field("modified_at", definition.modified_at);
  }
  out.end_object();
  out.key("entity").begin_object();
  write_fields(out, definition.fields);
  out.key("training_definition_version")
      .begin_object()
      .field("guid", definition.version_id)
      .field("url", version_url)
      .field("content_url", version_url + "/content")
      .key("content_status")
      .begin_object()
      .field("state", definition.has_content ? "persisted" : "no_content")
      .end_object()
      .end_object();
  // Again: what was stored earlier knew fewer names of secrets.
  write_extra(out, without_secrets(extra_tree(definition.fields.extra_json)));
  out.end_object().end_object();
}

DefinitionView read_definition(const JsonObject& in) {
  const JsonObject metadata = in.object("metadata");
  const JsonObject entity = in.object("entity");
  DefinitionView view{.id = metadata.text("guid"),
                      .url = metadata.text("url"),
                      .version_id = {},
                      .content_url = {},
                      .content_state = {},
                      .name = entity.text_or_empty("name"),
                      .framework = read_framework(entity.object("framework")),
                      .created_at = metadata.time("created_at")};
  const JsonObject version = entity.object("training_definition_version");
  view.version_id = version.text("guid");
  view.content_url = version.text("content_url");
  if (const auto status = version.optional_object("content_status")) {
    view.content_state = status->text_or_empty("state");
  }
  return view;
}

}  // namespace

DefinitionPlace definition_place(std::string_view href) {
  const auto segment_after = [&](std::string_view before) {
    const auto at = href.find(before);
    if (at == std::string_view::npos) return std::string();
    const auto rest = href.substr(at + before.size());
    return std::string(rest.substr(0, rest.find_first_of("/?")));
  };
  for (const std::string_view collection :
       {"/v3/ml_assets/training_definitions/", "/v3/ml_assets/experiments/"}) {
    if (auto id = segment_after(collection); !id.empty()) {
      return {std::move(id), segment_after("/versions/")};
    }
  }
  return {};
}

std::string definition_url(std::string_view base_url, std::string_view id,
                           std::string_view version) {
  const auto url = fmt::format("{}/v3/ml_assets/training_definitions/{}", base_url, id);
  return version.empty() ? url : fmt::format("{}/versions/{}", url, version);
}

std::string encode(const DefinitionRequest& request) {
  JsonWriter out;
  out.begin_object();
  write_fields(out, request);
  write_extra(out, extra_tree(request.extra_json));
  out.end_object();
  return out.take();
}

DefinitionRequest decode_definition_request(std::string_view json) {
  const JsonObject in = JsonObject::parse(json, "training definition", kDefinitionLimit);
  return {.name = read_name(in),
          .description = in.text_or_empty("description"),
          .framework = read_framework(in.object("framework")),
          .command = in.text_or_empty("command"),
          .extra_json = extra_of(in),
          .data_reference = data_reference_of(in)};
}

std::string encode(const Definition& definition, std::string_view base_url) {
  JsonWriter out;
  write_definition(out, definition, base_url);
  return out.take();
}

std::string encode_definition_list(std::span<const Definition> definitions,
                                   std::string_view base_url, std::string_view next_url) {
  JsonWriter out;
  out.begin_object().key("resources").begin_array();
  for (const Definition& definition : definitions) write_definition(out, definition, base_url);
  out.end_array();
  write_next(out, next_url);
  out.end_object();
  return out.take();
}

std::string encode_content_answer() {
  JsonWriter out;
  out.begin_object().field("ok", "true").end_object();
  return out.take();
}

DefinitionView decode_definition(std::string_view json) {
  return read_definition(JsonObject::parse(json, "training definition", kDefinitionLimit));
}

DefinitionListView decode_definition_list(std::string_view json) {
  const JsonObject in = JsonObject::parse(json, "list of training definitions", kListLimit);
  DefinitionListView list;
  for (const JsonObject& item : in.objects("resources")) {
    list.definitions.push_back(read_definition(item));
  }
  list.next_url = read_next(in);
  return list;
}

}  // namespace trainyard::wire
