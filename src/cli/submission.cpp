#include "cli/submission.hpp"

#include <fmt/format.h>

#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/strings.hpp"
#include "cli/progress_line.hpp"
#include "definition/archive.hpp"
#include "manifest/tree.hpp"

namespace trainyard::cli {

manifest::ParseResult parse_manifest_file(const std::string& path) {
  return manifest::parse(read_file(path, manifest::kMaxTextBytes));
}

model::Manifest read_manifest(const std::string& path, Context& context) {
  auto result = parse_manifest_file(path);
  std::string errors;
  for (const auto& diagnostic : result.diagnostics) {
    const auto line = manifest::format(diagnostic, path) + "\n";
    if (diagnostic.severity == manifest::Severity::Error) {
      errors += line;
    } else {
      context.err << line;
    }
  }
  if (!result.ok()) throw Error(ErrorKind::InvalidInput, std::string(trim(errors)));
  return std::move(*result.manifest);
}

std::string check_zip(const std::string& path, const model::Manifest& manifest) {
  const auto report = with_context(path, [&] { return definition::inspect(path, {}); });
  const auto remark = definition::check_command(report, manifest.command);
  return remark ? fmt::format("{}: warning: {}\n", path, *remark) : "";
}

wire::RunView submit(Session& session, const std::string& zip, const std::string& manifest_path) {
  auto& context = session.context;
  const auto manifest = read_manifest(manifest_path, context);
  context.err << check_zip(zip, manifest);
  UploadLine line(context, zip);
  return session.api().train(
      manifest, zip, [&](std::uint64_t done, std::uint64_t total) { line.show(done, total); });
}

}  // namespace trainyard::cli
