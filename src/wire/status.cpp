#include "wire/status.hpp"

#include "wire/json_reader.hpp"
#include "wire/json_writer.hpp"

namespace trainyard::wire {
namespace {

constexpr std::size_t kStatusLimit = 8 << 20;

void write_slot(JsonWriter& out, const SlotView& slot) {
  out.begin_object()
      .field("id", slot.id)
      .field("gpu", slot.gpu)
      .field("model", slot.model)
      .field("memory_bytes", slot.memory_bytes)
      .text_unless_empty("held_by", slot.held_by)
      .text_unless_empty("unavailable", slot.unavailable)
      .end_object();
}

SlotView read_slot(const JsonObject& in) {
  return {.id = in.text("id"),
          .gpu = in.flag("gpu"),
          .model = in.text_or_empty("model"),
          .memory_bytes = in.optional_number<std::uint64_t>("memory_bytes").value_or(0),
          .held_by = in.text_or_empty("held_by"),
          .unavailable = in.text_or_empty("unavailable")};
}

}  // namespace

std::string encode(const ServiceStatus& status) {
  JsonWriter out;
  out.begin_object()
      .field("version", status.version)
      .field("started_at", status.started_at)
      .field("instance", status.instance)
      .text_unless_empty("store_url", status.store_url)
      .key("slots")
      .begin_array();
  for (const SlotView& slot : status.slots) write_slot(out, slot);
  out.end_array()
      .field("cores", status.cores)
      .field("memory_bytes", status.memory_bytes)
      .text_unless_empty("note", status.note)
      .field("queued", status.queued)
      .field("active", status.active)
      .field("warnings", status.warnings)
      .end_object();
  return out.take();
}

ServiceStatus decode_status(std::string_view json) {
  const JsonObject in = JsonObject::parse(json, "status", kStatusLimit);
  ServiceStatus status{.version = in.text("version"),
                       .started_at = in.time("started_at"),
                       .instance = in.text_or_empty("instance"),
                       .store_url = in.text_or_empty("store_url"),
                       .slots = {},
                       .cores = in.number<unsigned>("cores"),
                       .memory_bytes = in.number<std::uint64_t>("memory_bytes"),
                       .note = in.text_or_empty("note"),
                       .queued = in.number<std::uint64_t>("queued"),
                       .active = in.number<std::uint64_t>("active"),
                       .warnings = in.texts("warnings")};
  for (const JsonObject& slot : in.objects("slots")) status.slots.push_back(read_slot(slot));
  return status;
}

}  // namespace trainyard::wire
