// The manifest in our own form: what a learner is given, and what the repository keeps.
#include "wire/learner.hpp"
#include "wire/parts.hpp"

namespace trainyard::wire {
namespace {

constexpr std::size_t kManifestLimit = 4 << 20;

void write_author(JsonWriter& out, const model::Author& author) {
  out.begin_object().field("name", author.name).field("email", author.email).end_object();
}

void write_compute(JsonWriter& out, const model::Compute& compute) {
  out.begin_object()
      .field("size", compute.size)
      .field("gpus", compute.gpus)
      .field("nodes", compute.nodes)
      .field("cpus", compute.cpus)
      .field("memory_bytes", compute.memory_bytes)
      .end_object();
}

model::Compute read_compute(const JsonObject& in) {
  return {.size = in.text_or_empty("size"),
          .gpus = in.number<unsigned>("gpus"),
          .nodes = in.number<unsigned>("nodes"),
          .cpus = in.optional_real("cpus"),
          .memory_bytes = in.optional_number<std::uint64_t>("memory_bytes")};
}

void write_reference(JsonWriter& out, const model::StoreReference& reference) {
  out.begin_object().text_unless_empty("label", reference.label).field("type", reference.type());
  out.key("connection");
  write_connection(out, reference, Secrets::InClear);
  out.field("bucket", reference.bucket).text_unless_empty("prefix", reference.prefix).end_object();
}

std::variant<model::S3Connection, model::SwiftConnection> read_connection(const JsonObject& in,
                                                                          std::string_view type) {
  if (type == "s3") {
    return model::S3Connection{.endpoint_url = in.text_or_empty("endpoint_url"),
                               .access_key_id = in.text_or_empty("access_key_id"),
                               .secret_access_key = in.secret_or_empty("secret_access_key"),
                               .region = in.text_or_empty("region")};
  }
  return model::SwiftConnection{.auth_url = in.text_or_empty("auth_url"),
                                .user_name = in.text_or_empty("user_name"),
                                .password = in.secret_or_empty("password"),
                                .region = in.text_or_empty("region"),
                                .domain_name = in.text_or_empty("domain_name"),
                                .project_id = in.text_or_empty("project_id")};
}

model::StoreReference read_reference(const JsonObject& in) {
  const std::string type = in.text("type");
  if (type != "s3" && type != "bluemix_objectstore") {
    in.fail("type", "must be \"s3\" or \"bluemix_objectstore\"");
  }
  return {.label = in.text_or_empty("label"),
          .connection = read_connection(in.object("connection"), type),
          .bucket = in.text("bucket"),
          .prefix = in.text_or_empty("prefix")};
}

}  // namespace

void write_manifest(JsonWriter& out, const model::Manifest& manifest) {
  out.begin_object().field("name", manifest.name).field("description", manifest.description);
  out.key("author");
  write_author(out, manifest.author);
  out.key("framework");
  write_framework(out, manifest.framework);
  out.field("command", manifest.command).key("compute");
  write_compute(out, manifest.compute);
  out.text_unless_empty("definition_href", manifest.definition_href)
      .text_unless_empty("definition_version", manifest.definition_version)
      .key("training_data");
  write_reference(out, manifest.training_data);
  out.key("training_results");
  write_reference(out, manifest.training_results);
  out.end_object();
}

model::Manifest read_manifest(const JsonObject& in) {
  const JsonObject author = in.object("author");
  return {.name = in.text("name"),
          .description = in.text_or_empty("description"),
          .author = {.name = author.text_or_empty("name"), .email = author.text_or_empty("email")},
          .framework = read_framework(in.object("framework")),
          .command = in.text("command"),
          .compute = read_compute(in.object("compute")),
          .definition_href = in.text_or_empty("definition_href"),
          .definition_version = in.text_or_empty("definition_version"),
          .training_data = read_reference(in.object("training_data")),
          .training_results = read_reference(in.object("training_results"))};
}

std::string encode_with_secrets(const model::Manifest& manifest) {
  JsonWriter out;
  write_manifest(out, manifest);
  return out.take();
}

model::Manifest decode_manifest(std::string_view json) {
  return read_manifest(JsonObject::parse(json, "manifest", kManifestLimit));
}

}  // namespace trainyard::wire
