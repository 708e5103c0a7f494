#pragma once
// A sample made from a table of keys. For src/manifest only.
#include <string>

#include "manifest/keys.hpp"

namespace trainyard::manifest {

// Appends each key that has a sample, under a comment that says what it is.
void write_sample_keys(const Section& section, const std::string& indent, std::string& text);

}  // namespace trainyard::manifest
