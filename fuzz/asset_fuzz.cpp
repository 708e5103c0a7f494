// The manifest of a training definition or an experiment, from YAML or JSON: what is accepted is a
// request that the API can read.
#include "fuzzing.hpp"
#include "manifest/asset.hpp"
#include "wire/definition.hpp"
#include "wire/experiment.hpp"

using namespace trainyard;
using namespace trainyard::fuzzing;

namespace {

// The API may have more to say about the request than its manifest; it answers either way.
void read_request(std::string_view text, manifest::Asset asset) {
  const auto result = manifest::parse_asset(text, asset);
  require(result.json.has_value() != manifest::has_errors(result.diagnostics));
  if (!result.json) return;
  attempt([&] {
    if (asset == manifest::Asset::Experiment) {
      wire::decode_experiment_request(result.json->reveal());
    } else {
      wire::decode_definition_request(result.json->reveal());
    }
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  read_request(text_of(data, size), manifest::Asset::TrainingDefinition);
  read_request(text_of(data, size), manifest::Asset::Experiment);
  return 0;
}
