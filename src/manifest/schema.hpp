#pragma once
// Made from the table of keys, for editors and for people who begin.
#include <string>

namespace trainyard::manifest {

// A JSON Schema (draft 2020-12) of manifests in every spelling that parse() takes. It is stricter
// than parse() in one way: it allows no unknown keys, so that an editor marks a misspelt one.
std::string json_schema();

// A manifest with a comment above every key and placeholders where only the user knows the value.
std::string sample_manifest();

}  // namespace trainyard::manifest
