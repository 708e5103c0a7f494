#include "wire/frameworks.hpp"

#include "wire/json_reader.hpp"
#include "wire/json_writer.hpp"

namespace trainyard::wire {
namespace {

constexpr std::size_t kFrameworksLimit = 8 << 20;

void write_framework(JsonWriter& out, const FrameworkView& framework) {
  out.begin_object()
      .field("name", framework.name)
      .field("version", framework.version)
      .field("aliases", framework.aliases)
      .field("kind", framework.kind)
      .field("usable", framework.usable)
      .text_unless_empty("why_not", framework.why_not)
      .end_object();
}

FrameworkView read_framework(const JsonObject& in) {
  return {.name = in.text("name"),
          .version = in.text_or_empty("version"),
          .aliases = in.texts("aliases"),
          .kind = in.text_or_empty("kind"),
          .usable = in.flag("usable"),
          .why_not = in.text_or_empty("why_not")};
}

}  // namespace

std::string encode_frameworks(std::span<const FrameworkView> frameworks) {
  JsonWriter out;
  out.begin_object().key("resources").begin_array();
  for (const FrameworkView& framework : frameworks) write_framework(out, framework);
  out.end_array().end_object();
  return out.take();
}

std::vector<FrameworkView> decode_frameworks(std::string_view json) {
  std::vector<FrameworkView> frameworks;
  const JsonObject in = JsonObject::parse(json, "list of frameworks", kFrameworksLimit);
  for (const JsonObject& item : in.objects("resources")) {
    frameworks.push_back(read_framework(item));
  }
  return frameworks;
}

}  // namespace trainyard::wire
