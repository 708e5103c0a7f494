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

// Whether it answers "no": what is wrong with a manifest, not with the way to the service.
bool is_refusal(ErrorKind kind) {
  return kind == ErrorKind::InvalidInput || kind == ErrorKind::Unsupported ||
         kind == ErrorKind::TooLarge || kind == ErrorKind::Conflict;
}

client::ApiClient* find_service(Session& session, std::string& why_not) {
  try {
    return &session.api();
  } catch (const Error& e) {
    why_not = e.what();
    return nullptr;
  }
}

// What only a service can tell; why it was not asked, or empty. Throws its refusal.
std::string check_with_service(Session& session, const model::Manifest& manifest) {
  std::string why_not;
  auto* service = find_service(session, why_not);
  if (!service) return why_not;
  try {
    service->check(manifest);
  } catch (const Error& e) {
    if (is_refusal(e.kind())) throw;
    why_not = e.what();
  }
  return why_not;
}

int as_trainyard(Session& session, const Arguments& arguments) {
  const auto& words = arguments.words;
  if (arguments.has(kJson.name)) {
    if (words.size() > 1)
      throw Error(ErrorKind::InvalidInput, "--json is about the manifest alone");
    return as_json(session, words[0]);
  }
  const auto manifest =
      check_submission(words[0], words.size() > 1 ? words[1] : "", session.context);
  const auto why_not =
      with_context(words[0], [&] { return check_with_service(session, manifest); });
  if (!why_not.empty()) {
    session.context.err << "note: the framework, the size and the buckets are not checked: "
                        << why_not << "\n";
  }
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
          .options = {{"--json", "", "", "print what is wrong with the manifest's text as JSON"},
                      kStateDir},
          .run = as_trainyard,
          .words = Words::Files};
}

}  // namespace trainyard::cli
