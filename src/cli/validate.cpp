#include <ostream>

#include "base/error.hpp"
#include "base/strings.hpp"
#include "cli/commands.hpp"
#include "cli/submission.hpp"
#include "wire/json_writer.hpp"

namespace trainyard::cli {
namespace {

std::string diagnostics_json(const std::string& file,
                             const std::vector<manifest::Diagnostic>& diagnostics) {
  wire::JsonWriter out;
  out.begin_array();
  for (const auto& diagnostic : diagnostics) {
    out.begin_object()
        .field("file", file)
        .field("line", diagnostic.at.line)
        .field("column", diagnostic.at.column)
        .field("severity", to_string(diagnostic.severity))
        .field("path", diagnostic.path)
        .field("message", diagnostic.message)
        .text_unless_empty("hint", diagnostic.hint)
        .end_object();
  }
  out.end_array();
  return out.take();
}

int as_json(Session& session, const std::string& path) {
  const auto result = parse_manifest_file(path);
  session.context.out << diagnostics_json(path, result.diagnostics) << "\n";
  return result.ok() ? kOk : kBadInput;
}

int as_trainyard(Session& session, const Arguments& arguments) {
  const auto& words = arguments.words;
  if (arguments.has(kJson.name)) {
    if (words.size() > 1)
      throw Error(ErrorKind::InvalidInput, "--json is about the manifest alone");
    return as_json(session, words[0]);
  }
  check_submission(words[0], words.size() > 1 ? words[1] : "", session.context);
  session.context.out << join(words, " and ") << ": no errors\n";
  return kOk;
}

}  // namespace

Command trainyard_validate() {
  return {.name = "validate",
          .usage = "MANIFEST [ZIP]",
          .summary = "check a manifest and a zip without submitting them",
          .least_words = 1,
          .most_words = 2,
          .options = {kJson},
          .run = as_trainyard,
          .words = Words::Files};
}

}  // namespace trainyard::cli
