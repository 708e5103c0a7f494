// The service's own YAML file: taken, or refused with the place.
#include <cstring>

#include "fuzzing.hpp"
#include "main/config.hpp"

using namespace trainyard;
using namespace trainyard::fuzzing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Config config;
  try {
    apply_yaml(config, std::string(text_of(data, size)), "fuzz.yml");
  } catch (const Error& e) {
    require(std::strstr(e.what(), "fuzz.yml") != nullptr);
  }
  return 0;
}
