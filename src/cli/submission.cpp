#include "cli/submission.hpp"

#include <fmt/format.h>

#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/strings.hpp"
#include "cli/progress_line.hpp"
#include "client/stored.hpp"
#include "definition/archive.hpp"
#include "manifest/asset.hpp"
#include "manifest/tree.hpp"

namespace trainyard::cli {

manifest::ParseResult parse_manifest_file(const std::string& path) {
  return manifest::parse(read_file(path, manifest::kMaxTextBytes));
}

namespace {

// The manifest's errors, a line each; its warnings and notes go to `err`.
std::string report(const std::string& path, const std::vector<manifest::Diagnostic>& diagnostics,
                   Context& context) {
  std::string errors;
  for (const auto& diagnostic : diagnostics) {
    const auto line = manifest::format(diagnostic, path) + "\n";
    if (diagnostic.severity == manifest::Severity::Error) {
      errors += line;
    } else {
      context.err << line;
    }
  }
  return errors;
}

definition::Report inspect_zip(const std::string& path) {
  return with_context(path, [&] { return definition::inspect(path, {}); });
}

// What is wrong with the zip, beside a manifest that is wrong already.
std::string errors_of_zip(const std::string& path) {
  try {
    if (!path.empty()) inspect_zip(path);
    return "";
  } catch (const Error& e) {
    return e.what();
  }
}

Secret read_asset(const std::string& path, manifest::Asset asset, const std::string& zip,
                  Context& context) {
  auto result = manifest::parse_asset(read_file(path, manifest::kMaxTextBytes), asset);
  const std::string errors = report(path, result.diagnostics, context);
  if (!result.json) {
    throw Error(ErrorKind::InvalidInput, std::string(trim(errors + errors_of_zip(zip))));
  }
  return std::move(*result.json);
}

}  // namespace

model::Manifest check_submission(const std::string& manifest_path, const std::string& zip,
                                 Context& context) {
  auto result = parse_manifest_file(manifest_path);
  const std::string errors = report(manifest_path, result.diagnostics, context);
  if (!result.ok()) {
    throw Error(ErrorKind::InvalidInput, std::string(trim(errors + errors_of_zip(zip))));
  }
  if (!zip.empty()) {
    const auto remark = definition::check_command(inspect_zip(zip), result.manifest->command);
    if (remark) context.err << fmt::format("{}: warning: {}\n", zip, *remark);
  }
  return std::move(*result.manifest);
}

wire::RunView submit(Session& session, const std::string& zip, const std::string& manifest_path) {
  auto& context = session.context;
  const auto manifest = check_submission(manifest_path, zip, context);
  UploadLine line(context, zip);
  return session.api().train(
      manifest, zip, [&](std::uint64_t done, std::uint64_t total) { line.show(done, total); });
}

wire::DefinitionView store_definition(Session& session, const std::string& zip,
                                      const std::string& manifest_path) {
  auto& context = session.context;
  const auto request = read_asset(manifest_path, manifest::Asset::TrainingDefinition, zip, context);
  inspect_zip(zip);
  UploadLine line(context, zip);
  return client::store_definition(
      session.api(), request, zip,
      [&](std::uint64_t done, std::uint64_t total) { line.show(done, total); });
}

wire::ExperimentView store_experiment(Session& session, const std::string& manifest_path) {
  const auto request = read_asset(manifest_path, manifest::Asset::Experiment, "", session.context);
  return client::store_experiment(session.api(), request);
}

}  // namespace trainyard::cli
