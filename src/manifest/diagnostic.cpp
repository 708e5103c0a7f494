#include "manifest/diagnostic.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace trainyard::manifest {

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::Error:
      return "error";
    case Severity::Warning:
      return "warning";
    case Severity::Note:
      return "note";
  }
  return "error";
}

std::string describe(const Diagnostic& diagnostic) {
  std::string text;
  if (!diagnostic.path.empty()) text += fmt::format("{}: ", diagnostic.path);
  text += diagnostic.message;
  if (!diagnostic.hint.empty()) text += fmt::format("; {}", diagnostic.hint);
  return text;
}

std::string format(const Diagnostic& diagnostic, std::string_view file_name) {
  std::string text;
  if (!file_name.empty()) text += fmt::format("{}:", file_name);
  if (diagnostic.at.line > 0)
    text += fmt::format("{}:{}:", diagnostic.at.line, diagnostic.at.column);
  if (!text.empty()) text += ' ';
  return text + fmt::format("{}: {}", to_string(diagnostic.severity), describe(diagnostic));
}

std::string format(const std::vector<Diagnostic>& diagnostics, std::string_view file_name) {
  std::string text;
  for (const auto& diagnostic : diagnostics) text += format(diagnostic, file_name) + '\n';
  return text;
}

bool has_errors(const std::vector<Diagnostic>& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const auto& d) { return d.severity == Severity::Error; });
}

void put_in_order(std::vector<Diagnostic>& diagnostics) {
  std::stable_sort(diagnostics.begin(), diagnostics.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  diagnostics.erase(std::unique(diagnostics.begin(), diagnostics.end()), diagnostics.end());
}

}  // namespace trainyard::manifest
