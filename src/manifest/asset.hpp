#pragma once
// Manifests of what is stored to be run later: training definitions (wml-v3 d.3) and experiments
// (d.4). They become the JSON that the API takes. Pure; thread-safe.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"
#include "manifest/diagnostic.hpp"

namespace trainyard::manifest {

enum class Asset { TrainingDefinition, Experiment };

struct AssetResult {
  std::optional<Secret> json;           // the body of the request; absent when there is an error
  std::vector<Diagnostic> diagnostics;  // all there are, in the order of the text
};

// Reads YAML or JSON. Values are kept as they are written ("1.10" is not 1.1); counts, and what
// this service does not look at, become numbers and flags where they look so. The command of a
// training definition may stand under `execution`, and is then lifted out of it.
AssetResult parse_asset(std::string_view text, Asset asset);

// With a comment above every key and placeholders where only the user knows the value.
std::string sample_asset(Asset asset);

}  // namespace trainyard::manifest
