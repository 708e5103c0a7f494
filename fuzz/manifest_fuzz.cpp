// Manifest text: parse() throws for nothing, repeats itself in the same words, and what it accepts
// survives the way into a request and back.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "manifest/parse.hpp"
#include "wire/run.hpp"

using namespace trainyard::manifest;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  parse(text, Source::Request);
  const auto result = parse(text);
  format(result.diagnostics, "fuzz.yml");
  if (result.ok() == has_errors(result.diagnostics)) std::abort();
  if (!result.ok()) return 0;
  const auto again = parse(trainyard::wire::encode_run_request(*result.manifest), Source::Request);
  if (!again.ok()) std::abort();
  if (trainyard::wire::encode_with_secrets(*again.manifest) !=
      trainyard::wire::encode_with_secrets(*result.manifest)) {
    std::abort();
  }
  return 0;
}
