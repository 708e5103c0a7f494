// Every decoder of the API's JSON: whatever comes in, it answers or throws Error.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "wire/account.hpp"
#include "wire/definition.hpp"
#include "wire/error.hpp"
#include "wire/experiment.hpp"
#include "wire/experiment_run.hpp"
#include "wire/frameworks.hpp"
#include "wire/instance.hpp"
#include "wire/learner.hpp"
#include "wire/metric.hpp"
#include "wire/monitor.hpp"
#include "wire/run.hpp"
#include "wire/status.hpp"
#include "wire/token.hpp"

namespace {

using namespace trainyard;

using Decode = void (*)(std::string_view);

// What was read can be written and read again; only the first reading may refuse.
template <typename T>
void round_trip(T (*decode)(std::string_view), std::string (*encode)(const T&),
                std::string_view in) {
  const T value = decode(in);
  try {
    decode(encode(value));
  } catch (const Error& e) {
    std::fprintf(stderr, "does not read back: %s\n%s\n", e.what(), encode(value).c_str());
    std::abort();
  }
}

const Secret& an_experiment() {
  static const Secret entity(
      R"({"settings":{"name":"e"},"training_references":[{"training_definition_url":"u"}],)"
      R"("training_results_reference":{}})");
  return entity;
}

constexpr Decode kDecoders[] = {
    [](std::string_view in) { round_trip(wire::decode_assignment, wire::encode, in); },
    [](std::string_view in) { round_trip(wire::decode_report, wire::encode, in); },
    [](std::string_view in) { round_trip(wire::decode_report_answer, wire::encode, in); },
    [](std::string_view in) { round_trip(wire::decode_event, wire::encode, in); },
    [](std::string_view in) { round_trip(wire::decode_manifest, wire::encode_with_secrets, in); },
    [](std::string_view in) {
      // Keys are not written, and what is written in their place is refused.
      if (!wire::decode_definition_request(in).data_reference.empty()) return;
      round_trip(wire::decode_definition_request, wire::encode, in);
    },
    [](std::string_view in) { round_trip(wire::decode_error, wire::encode, in); },
    [](std::string_view in) { round_trip(wire::decode_status, wire::encode, in); },
    [](std::string_view in) { round_trip(wire::decode_monitor_frame, wire::encode, in); },
    [](std::string_view in) { round_trip(wire::decode_token, wire::encode_token, in); },
    [](std::string_view in) { round_trip(wire::decode_user, wire::encode, in); },
    [](std::string_view in) { round_trip(wire::decode_user_request, wire::encode, in); },
    [](std::string_view in) { round_trip(wire::decode_token_request, wire::encode, in); },
    [](std::string_view in) { round_trip(wire::decode_account_token, wire::encode, in); },
    [](std::string_view in) {
      if (const auto metric = wire::parse_metric_line(in)) wire::encode(*metric);
    },
    [](std::string_view in) { wire::decode_log_size(in); },
    [](std::string_view in) { wire::decode_run(in); },
    [](std::string_view in) { wire::decode_run_list(in); },
    [](std::string_view in) { wire::decode_cancel(in); },
    [](std::string_view in) { wire::decode_definition(in); },
    [](std::string_view in) { wire::decode_definition_list(in); },
    [](std::string_view in) { wire::decode_frameworks(in); },
    [](std::string_view in) { wire::decode_instance(in); },
    [](std::string_view in) {
      const Secret entity = wire::decode_experiment_request(in).entity;
      wire::training_requests(entity, std::vector<Secret>(wire::kMostTrainingReferences));
      wire::evaluation_definition(entity);
    },
    [](std::string_view in) { wire::patch_experiment(an_experiment(), in); },
    [](std::string_view in) { wire::decode_experiment(in); },
    [](std::string_view in) { wire::decode_experiment_list(in); },
    [](std::string_view in) { wire::decode_experiment_run(in); },
    [](std::string_view in) { wire::decode_experiment_run_list(in); },
    [](std::string_view in) { round_trip(wire::decode_experiment_frame, wire::encode, in); },
};

}  // namespace

// The first byte chooses the decoder.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    kDecoders[data[0] % std::size(kDecoders)](text);
  } catch (const Error&) {
    // A refusal is an answer.
  }
  return 0;
}
