#include "wire/instance.hpp"

#include <fmt/format.h>

#include "wire/json_reader.hpp"
#include "wire/json_writer.hpp"

namespace trainyard::wire {
namespace {

constexpr std::size_t kInstanceLimit = 1 << 20;
constexpr std::string_view kNever = "9999-12-31T23:59:59.999Z";

void write_url(JsonWriter& out, std::string_view key, const std::string& url) {
  out.key(key).begin_object().field("url", url).end_object();
}

void write_usage(JsonWriter& out, const Instance& instance) {
  const auto none = [&](std::string_view key) {
    out.key(key).begin_object().field("current", 0).end_object();
  };
  const auto count = [&](std::string_view key, unsigned limit, unsigned current) {
    out.key(key).begin_object().field("limit", limit).field("current", current).end_object();
  };
  out.key("usage").begin_object().field("expiration_date", kNever);
  count("gpu_count", instance.gpus, instance.gpus_used);
  none("computation_time");  // what is charged for, as are the units
  none("capacity_units");
  count("model_count", 0, 0);  // of stored ones
  none("prediction_count");
  count("deployment_count", 0, 0);
  out.end_object();
}

void write_people(JsonWriter& out, const Instance& instance) {
  out.key("account")
      .begin_object()
      .field("id", "")
      .field("name", instance.user)
      .field("type", "")
      .end_object();
  out.key("owner")
      .begin_object()
      .field("ibm_id", "")
      .field("email", "")
      .field("user_id", instance.user)
      .field("country_code", "")
      .field("beta_user", false)
      .end_object();
}

}  // namespace

std::string encode(const Instance& instance, std::string_view base_url) {
  const std::string url = fmt::format("{}/v3/wml_instances/{}", base_url, instance.id);
  const std::string created_at = format_millis(instance.created_at);
  JsonWriter out;
  out.begin_object()
      .key("metadata")
      .begin_object()
      .field("guid", instance.id)
      .field("url", url)
      .field("created_at", created_at)
      .field("modified_at", created_at)
      .end_object();
  out.key("entity")
      .begin_object()
      .field("source", "Bluemix")  // the only one recorded
      .field("status", "Active")
      .field("plan", instance.plan)
      .field("plan_id", "")
      .field("region", "")
      .field("organization_guid", "")
      .field("space_guid", "");
  write_people(out, instance);
  write_url(out, "published_models", url + "/published_models");
  write_url(out, "deployments", url + "/deployments");
  write_usage(out, instance);
  out.end_object().end_object();
  return out.take();
}

InstanceView decode_instance(std::string_view json) {
  const JsonObject in = JsonObject::parse(json, "instance", kInstanceLimit);
  const JsonObject metadata = in.object("metadata");
  const JsonObject entity = in.object("entity");
  InstanceView view{.id = metadata.text("guid"),
                    .url = metadata.text("url"),
                    .status = entity.text_or_empty("status"),
                    .plan = entity.text_or_empty("plan")};
  const auto usage = entity.optional_object("usage");
  if (!usage) return view;
  if (const auto gpus = usage->optional_object("gpu_count")) {
    view.gpus = gpus->optional_number<unsigned>("limit").value_or(0);
    view.gpus_used = gpus->optional_number<unsigned>("current").value_or(0);
  }
  return view;
}

}  // namespace trainyard::wire
