// An operator's file of frameworks: refused with the place, or every framework has a name and
// runtimes with versions.
#include "fuzzing.hpp"
#include "runtime/catalogue_file.hpp"

using namespace trainyard;
using namespace trainyard::fuzzing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  attempt([&] {
    for (const auto& framework : runtime::parse_catalogue(text_of(data, size), "fuzz.yml")) {
      for (const auto& entry : framework.entries) require(!entry.versions.empty());
    }
  });
  return 0;
}
