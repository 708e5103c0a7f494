#pragma once
// What is wrong, or worth knowing, about a manifest: found all at once, each at its place.
// No message ever holds the value of a secret key.
#include <compare>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::manifest {

enum class Severity { Error, Warning, Note };
std::string_view to_string(Severity severity);  // "error", "warning", "note"

struct Position {
  unsigned line = 0;  // from 1; 0: not known (API requests)
  unsigned column = 0;

  auto operator<=>(const Position&) const = default;
};

struct Diagnostic {
  Severity severity = Severity::Error;
  Position at;
  std::string path;     // "model_definition.execution.resource"; empty: the text as a whole
  std::string message;  // what was expected and what was found
  std::string hint;     // what to do about it; may be empty

  bool operator==(const Diagnostic&) const = default;
};

// "model_definition.execution.resource: …; did you mean "small"?"
std::string describe(const Diagnostic& diagnostic);
// "job.yaml:12:15: error: model_definition.execution.resource: …; did you mean "small"?"
// The position is left out when it is not known, the file name when it is empty.
std::string format(const Diagnostic& diagnostic, std::string_view file_name);
// One line each, in the order of the text; every line ends in a newline.
std::string format(const std::vector<Diagnostic>& diagnostics, std::string_view file_name);
bool has_errors(const std::vector<Diagnostic>& diagnostics);
// In the order of the text, and none twice.
void put_in_order(std::vector<Diagnostic>& diagnostics);

}  // namespace trainyard::manifest
