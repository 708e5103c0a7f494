#include "api/submit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/strings.hpp"
#include "manifest/parse.hpp"
#include "objectstore/open_store.hpp"
#include "wire/definition.hpp"
#include "wire/experiment.hpp"

namespace trainyard::api {
namespace {

// One sentence with every error.
[[noreturn]] void refuse(const std::vector<manifest::Diagnostic>& diagnostics) {
  std::vector<std::string> problems;
  for (const auto& diagnostic : diagnostics) {
    if (diagnostic.severity == manifest::Severity::Error) {
      problems.push_back(manifest::describe(diagnostic));
    }
  }
  throw Error(ErrorKind::InvalidInput, join(problems, "; "));
}

model::Manifest read_manifest(std::string_view body) {
  auto result = manifest::parse(body, manifest::Source::Request);
  if (result.ok()) return std::move(*result.manifest);
  refuse(result.diagnostics);
}

// The one that `href` means: the version that it names, or the newest that has its zip, so that one
// whose zip is still to come holds nobody up.
std::optional<repository::TrainingDefinition> find_version(
    repository::DefinitionRepository& definitions, const repository::TrainingDefinition& newest,
    const std::string& version) {
  if (version == newest.version_id) return newest;
  if (!version.empty()) return definitions.find(newest.id, version);
  if (!newest.content_sha256.empty()) return newest;
  const auto all = definitions.versions(newest.id);
  const auto found = std::find_if(all.rbegin(), all.rend(), [](const auto& definition) {
    return !definition.content_sha256.empty();
  });
  return found == all.rend() ? newest : *found;
}

repository::TrainingDefinition find_definition(Service& service, const Caller& owner,
                                               const std::string& href) {
  auto& definitions = service.parts.definitions;
  const wire::DefinitionPlace place = wire::definition_place(href);
  const auto newest = place.id.empty() ? std::nullopt : definitions.find(place.id);
  if (!newest || !sees(owner, newest->owner)) {
    throw Error(ErrorKind::InvalidInput,
                fmt::format("model_definition.definition_href \"{}\" names no training definition "
                            "of this service; create one first and upload its zip",
                            printable(href)));
  }
  auto definition = find_version(definitions, *newest, place.version);
  if (!definition) {
    throw Error(ErrorKind::InvalidInput,
                fmt::format("model_definition.definition_href names version \"{}\" of training "
                            "definition {}, which it does not have; its newest is {}",
                            printable(place.version), place.id, newest->version_id));
  }
  if (definition->content_sha256.empty()) {
    throw Error(
        ErrorKind::Conflict,
        fmt::format("version {} of training definition {} has no content yet: PUT the zip to "
                    "its content_url first",
                    definition->version_id, place.id));
  }
  return std::move(*definition);
}

// Old clients leave the command or the framework to the definition.
void fill_from(model::Manifest& manifest, const repository::TrainingDefinition& definition) {
  if (manifest.command.empty()) manifest.command = definition.command;
  if (manifest.framework.name.empty()) manifest.framework = definition.framework;
  if (manifest.name.empty()) manifest.name = definition.name;
  manifest.definition_version = definition.version_id;
}

// What a store says of the user's keys and buckets is wrong input here, not our user's login.
[[noreturn]] void as_input_error(const Error& error) {
  throw Error(error.retryable() ? error.kind() : ErrorKind::InvalidInput, error.what());
}

// Asks the stores about the buckets of one or more manifests, about each bucket once. However long
// they take, the request holds up no other, and no stop of the service.
class BucketChecks {
 public:
  BucketChecks(Service& service, const Call& call) : service_(service), call_(call) {}

  void check(const model::Manifest& manifest) {
    if (!service_.options.check_buckets) return;
    const auto aside = call_.request.step_aside();
    if (!place_) place_.emplace(service_.store_places, call_.user, call_.request.stop);
    try {
      check_once(manifest.training_data, StoreUse::TrainingData, "training_data_reference", data_);
      check_once(manifest.training_results, results_use_, "training_results_reference", results_);
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::Canceled) throw_stopping();
      as_input_error(e);
    }
  }

 private:
  using StoreUse = objectstore::StoreUse;

  void check_once(const model::StoreReference& reference, StoreUse use, std::string_view name,
                  std::vector<model::StoreReference>& checked) {
    if (std::ranges::find(checked, reference) != checked.end()) return;
    with_context(name, [&] {
      objectstore::check_access(reference, use, service_.options.stores, call_.request.stop);
    });
    checked.push_back(reference);
  }

  Service& service_;
  const Call& call_;
  std::optional<StorePlaces::Place> place_;
  const StoreUse results_use_ =
      service_.options.probe_results ? StoreUse::ProbedResults : StoreUse::TrainingResults;
  std::vector<model::StoreReference> data_, results_;
};

// What the runs of one request have in common is looked up once.
struct Lookups {
  Lookups(Service& of, const Call& call, const Caller& runs_owner)
      : service(of), owner(runs_owner), buckets(of, call) {}

  const repository::TrainingDefinition& definition(const std::string& href) {
    const auto known = definitions.find(href);
    if (known != definitions.end()) return known->second;
    return definitions.emplace(href, find_definition(service, owner, href)).first->second;
  }

  Service& service;
  const Caller& owner;  // of the runs to be
  BucketChecks buckets;
  const engine::Capacity capacity = service.parts.scheduler.capacity();
  std::map<std::string, repository::TrainingDefinition> definitions;  // by the URL that was sent
};

// Several checks, and one error for what they refuse together.
class Refusals {
 public:
  template <typename Fn>
  void collect(std::string_view context, Fn&& check) {
    try {
      with_context(context, std::forward<Fn>(check));
    } catch (const Error& e) {
      first_kind_ = first_kind_.value_or(e.kind());
      texts_.emplace_back(e.what());
    }
  }
  void throw_any() const {
    if (first_kind_) throw Error(*first_kind_, join(texts_, "; "));
  }

 private:
  std::optional<ErrorKind> first_kind_;
  std::vector<std::string> texts_;
};

// What the machine and the stores have against it.
runtime::RuntimeSpec check(Lookups& lookups, const model::Manifest& manifest) {
  Service& service = lookups.service;
  if (const auto missing = manifest::missing_parts(manifest); !missing.empty()) refuse(missing);
  Refusals refusals;
  runtime::RuntimeSpec runtime;
  refusals.collect("model_definition.framework", [&] {
    runtime = service.parts.catalogue.resolve(manifest.framework, service.parts.host);
  });
  refusals.collect("model_definition.execution",
                   [&] { scheduler::check_fits(manifest.compute, lookups.capacity); });
  refusals.throw_any();
  lookups.buckets.check(manifest);
  return runtime;
}

repository::NewRun prepare_run(Lookups& lookups, std::string_view body) {
  Service& service = lookups.service;
  auto manifest = read_manifest(body);
  const auto& definition = lookups.definition(manifest.definition_href);
  fill_from(manifest, definition);
  const auto runtime = check(lookups, manifest);
  // The build starts now, so that it may be done when the run's turn comes.
  if (runtime.kind == runtime::Kind::Environment) service.parts.environments.ensure(runtime);
  return {.id = model::RunId::generate(),
          .owner = lookups.owner.user,
          .manifest = std::move(manifest),
          .definition_id = definition.id,
          .definition_sha256 = definition.content_sha256,
          .idempotency_key = {}};
}

// A run's owner may be shown the keys of its data: those of somebody else's definition are not
// lent.
Secret data_of(Lookups& lookups, const std::string& definition_url) {
  const auto& definition = lookups.definition(definition_url);
  return definition.owner == lookups.owner.user ? definition.data_reference : Secret();
}

Caller owner_of(Service& service, const repository::Experiment& experiment) {
  const auto user = service.parts.accounts.users->find(experiment.owner);
  return {.user = experiment.owner,
          .credential = {},
          .role = user ? user->role : accounts::Role::User,
          .access_token = {}};
}

// Of a request's body. With a key of ours, because the body holds keys of stores, and a plain
// digest would let those be tried out that are easy to guess.
std::string keyed_digest(const Service& service, std::string_view body) {
  return hmac_sha256(service.options.signing_key.reveal(), fmt::format("request\n{}", body));
}

std::string reference_name(std::size_t index, const wire::TrainingReference& reference) {
  return reference.name.empty()
             ? fmt::format("training_references[{}]", index)
             : fmt::format("training_references[{}] ({})", index, printable(reference.name));
}

}  // namespace

void check_run(Service& service, const Call& call, std::string_view body) {
  Lookups lookups(service, call, call.caller);
  auto manifest = read_manifest(body);
  if (!manifest.definition_href.empty()) {
    fill_from(manifest, lookups.definition(manifest.definition_href));
  }
  check(lookups, manifest);
}

model::TrainingRun submit_run(Service& service, const Call& call, std::string_view body,
                              const std::optional<std::string>& idempotency_key) {
  std::optional<repository::RequestKey> key;
  if (idempotency_key) {
    key = {.key = *idempotency_key, .asked = keyed_digest(service, body)};
    auto known = service.parts.runs.find_by_key(call.user, *key, service.parts.clock.now());
    if (known) return std::move(*known);
  }
  Lookups lookups(service, call, call.caller);
  auto prepared = prepare_run(lookups, body);
  prepared.idempotency_key = std::move(key);
  const auto run = service.parts.runs.create(prepared, service.parts.clock.now());
  service.parts.scheduler.wake();
  return run;
}

std::vector<repository::NewRun> prepare_experiment(Service& service, const Call& call,
                                                   const repository::Experiment& experiment) {
  const Secret& entity = experiment.entity;
  const auto references = wire::training_references(entity);
  const Caller owner = owner_of(service, experiment);
  Lookups lookups(service, call, owner);
  std::vector<Secret> data;
  for (std::size_t i = 0; i < references.size(); ++i) {
    const auto& reference = references[i];
    data.push_back(with_context(reference_name(i, reference), [&] {
      return reference.has_data ? Secret() : data_of(lookups, reference.definition_url);
    }));
  }
  const auto bodies = wire::training_requests(entity, data);
  std::vector<repository::NewRun> runs;
  for (std::size_t i = 0; i < references.size(); ++i) {
    runs.push_back(with_context(reference_name(i, references[i]),
                                [&] { return prepare_run(lookups, bodies[i].reveal()); }));
  }
  return runs;
}

}  // namespace trainyard::api
