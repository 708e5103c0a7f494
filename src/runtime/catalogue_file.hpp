#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "runtime/catalogue.hpp"

namespace trainyard::runtime {

// YAML → frameworks. Throws InvalidInput "FILE:LINE:COLUMN: what is wrong".
std::vector<Catalogue::Framework> parse_catalogue(std::string_view yaml,
                                                  const std::string& file_name);

}  // namespace trainyard::runtime
