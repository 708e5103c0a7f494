#include "wire/parts.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "model/limits.hpp"

namespace trainyard::wire {
namespace {

constexpr std::string_view kMask = "***";

std::string error_message(const model::Verdict& verdict) {
  if (verdict.code == "C201" && verdict.exit_code) {  // the sentence of the recorded failures
    return fmt::format(
        "Learner process crashed (C201) with exit code ({}), please check the job logs for more "
        "information",
        *verdict.exit_code);
  }
  return fmt::format("{} ({})", verdict.message, verdict.code);
}

}  // namespace

void write_connection(JsonWriter& out, const model::StoreReference& reference, Secrets secrets) {
  const auto shown = [&](const Secret& secret) -> std::string_view {
    return secrets == Secrets::InClear ? std::string_view(secret.reveal()) : kMask;
  };
  out.begin_object();
  if (const auto* s3 = std::get_if<model::S3Connection>(&reference.connection)) {
    out.field("endpoint_url", s3->endpoint_url);
    if (!s3->access_key_id.empty()) {
      out.field("access_key_id", s3->access_key_id)
          .field("secret_access_key", shown(s3->secret_access_key));
    }
    out.text_unless_empty("region", s3->region);
  } else {
    const auto& swift = std::get<model::SwiftConnection>(reference.connection);
    out.field("auth_url", swift.auth_url)
        .field("user_name", swift.user_name)
        .field("password", shown(swift.password))
        .field("region", swift.region)
        .field("domain_name", swift.domain_name)
        .field("project_id", swift.project_id);
  }
  out.end_object();
}

void write_framework(JsonWriter& out, const model::Framework& framework) {
  out.begin_object().field("name", framework.name).field("version", framework.version);
  if (!framework.runtimes.empty()) {
    out.key("runtimes").begin_array();
    for (const model::RuntimeName& runtime : framework.runtimes) {
      out.begin_object().field("name", runtime.name).field("version", runtime.version).end_object();
    }
    out.end_array();
  }
  out.end_object();
}

model::Framework read_framework(const JsonObject& in) {
  model::Framework framework{
      .name = in.text("name"), .version = in.text_or_empty("version"), .runtimes = {}};
  // Files have one mapping in its place (d.1), and so have those who send them as they are.
  const bool one = in.has("runtimes") && in.tree().at("runtimes").is_object();
  for (const JsonObject& runtime :
       one ? std::vector{in.object("runtimes")} : in.objects("runtimes")) {
    framework.runtimes.push_back(
        {.name = runtime.text("name"), .version = runtime.text_or_empty("version")});
  }
  return framework;
}

void write_failure(JsonWriter& out, const model::Verdict& verdict) {
  out.begin_object().field("trace", "").key("errors").begin_array();
  out.begin_object()
      .field("code", fmt::format("dl_job_failed ({})", verdict.code))
      .field("message", error_message(verdict))
      .end_object();
  out.end_array().end_object();
}

std::string status_message(const model::TrainingRun& run) {
  const bool failed = run.status.state == model::RunState::Error && run.status.exit_code;
  return failed ? fmt::format("{}: {}", run.id.str(), *run.status.exit_code) : run.id.str() + ": ";
}

std::string read_name(const JsonObject& in) {
  std::string name = in.text("name");
  if (name.size() > model::kMostNameBytes) {
    in.fail("name", fmt::format("must have at most {} bytes", model::kMostNameBytes));
  }
  return name;
}

void write_next(JsonWriter& out, std::string_view url) {
  if (url.empty()) return;
  out.key("next").begin_object().field("url", url).end_object();
}

std::string read_next(const JsonObject& in) {
  const auto next = in.optional_object("next");
  return next ? next->text_or_empty("url") : std::string();
}

}  // namespace trainyard::wire
