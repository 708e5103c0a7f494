#pragma once
// Manifest text → model::Manifest, every older spelling resolved (T4–T16; wml-v3 d.1, d.2, d.7).
// Pure; thread-safe.
#include <optional>
#include <string_view>
#include <vector>

#include "manifest/diagnostic.hpp"
#include "manifest/source.hpp"
#include "model/manifest.hpp"

namespace trainyard::manifest {

struct ParseResult {
  std::optional<model::Manifest> manifest;  // absent when there is an error
  std::vector<Diagnostic> diagnostics;      // all there are, in the order of the text
  bool ok() const { return manifest.has_value(); }
};

// Reads YAML or JSON from a file, JSON from a request. Whatever is wrong with the text is in the
// result; nothing is thrown for it. A framework's name is not looked up and sizes are not compared
// with the machine: that is the service's to say.
ParseResult parse(std::string_view text, Source source = Source::File);

// A request may leave framework and command to its training definition. What is still missing once
// the caller has filled them in from there; empty: nothing.
std::vector<Diagnostic> missing_parts(const model::Manifest& manifest);

}  // namespace trainyard::manifest
