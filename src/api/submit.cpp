#include "api/submit.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/strings.hpp"
#include "manifest/parse.hpp"
#include "objectstore/open_store.hpp"

namespace trainyard::api {
namespace {

constexpr std::size_t kMaxIdempotencyKey = 256;

// One sentence with every error.
[[noreturn]] void refuse(const std::vector<manifest::Diagnostic>& diagnostics) {
  std::vector<std::string> problems;
  for (const auto& diagnostic : diagnostics) {
    if (diagnostic.severity == manifest::Severity::Error) {
      problems.push_back(manifest::format(diagnostic, ""));
    }
  }
  throw Error(ErrorKind::InvalidInput, join(problems, "; "));
}

model::Manifest read_manifest(std::string_view body) {
  auto result = manifest::parse(body, manifest::Source::Request);
  if (result.ok()) return std::move(*result.manifest);
  refuse(result.diagnostics);
}

repository::TrainingDefinition find_definition(Service& service, const std::string& user,
                                               const std::string& href) {
  const std::string id = definition_id_of(href);
  auto definition = id.empty() ? std::nullopt : service.parts.definitions.find(id);
  if (!definition || definition->owner != user) {
    throw Error(ErrorKind::InvalidInput,
                fmt::format("model_definition.definition_href \"{}\" names no training definition "
                            "of this service; create one first and upload its zip",
                            printable(href)));
  }
  if (definition->content_sha256.empty()) {
    throw Error(ErrorKind::Conflict,
                fmt::format("training definition {} has no content yet: PUT the zip to its "
                            "content_url first",
                            id));
  }
  return std::move(*definition);
}

// Old clients leave the command or the framework to the definition.
void fill_from(model::Manifest& manifest, const repository::TrainingDefinition& definition) {
  if (manifest.command.empty()) manifest.command = definition.command;
  if (manifest.framework.name.empty()) manifest.framework = definition.framework;
  if (manifest.name.empty()) manifest.name = definition.name;
}

void check_buckets(const Service& service, const model::Manifest& manifest) {
  using objectstore::StoreUse;
  with_context("training_data_reference", [&] {
    objectstore::check_access(manifest.training_data, StoreUse::TrainingData,
                              service.options.stores, {});
  });
  with_context("training_results_reference", [&] {
    objectstore::check_access(manifest.training_results, StoreUse::TrainingResults,
                              service.options.stores, {});
  });
}

// What a store says of the user's keys and buckets is wrong input here, not our user's login.
[[noreturn]] void as_input_error(const Error& error) {
  throw Error(error.retryable() ? error.kind() : ErrorKind::InvalidInput, error.what());
}

}  // namespace

std::string definition_id_of(std::string_view href) {
  for (const std::string_view collection :
       {"/v3/ml_assets/training_definitions/", "/v3/ml_assets/experiments/"}) {
    const auto at = href.find(collection);
    if (at == std::string_view::npos) continue;
    const auto rest = href.substr(at + collection.size());
    return std::string(rest.substr(0, rest.find_first_of("/?")));
  }
  return "";
}

model::TrainingRun submit_run(Service& service, const std::string& user, std::string_view body,
                              const std::optional<std::string>& idempotency_key) {
  auto manifest = read_manifest(body);
  const auto definition = find_definition(service, user, manifest.definition_href);
  fill_from(manifest, definition);
  if (const auto missing = manifest::missing_parts(manifest); !missing.empty()) refuse(missing);
  if (idempotency_key && idempotency_key->size() > kMaxIdempotencyKey) {
    throw Error(ErrorKind::InvalidInput, "Idempotency-Key is longer than 256 bytes");
  }
  const auto runtime = with_context("model_definition.framework", [&] {
    return service.parts.catalogue.resolve(manifest.framework, service.parts.host);
  });
  with_context("model_definition.execution", [&] {
    scheduler::check_fits(manifest.compute, service.parts.scheduler.capacity());
  });
  if (service.options.check_buckets) {
    try {
      check_buckets(service, manifest);
    } catch (const Error& e) {
      as_input_error(e);
    }
  }
  // The build starts now, so that it may be done when the run's turn comes.
  if (runtime.kind == runtime::Kind::Environment) service.parts.environments.ensure(runtime);
  const auto run = service.parts.runs.create({.id = model::RunId::generate(),
                                              .owner = user,
                                              .manifest = std::move(manifest),
                                              .definition_id = definition.id,
                                              .definition_sha256 = definition.content_sha256,
                                              .idempotency_key = idempotency_key},
                                             service.parts.clock.now());
  service.parts.scheduler.wake();
  return run;
}

}  // namespace trainyard::api
