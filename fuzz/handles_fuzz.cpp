// Short texts that we gave out once and that come back from anywhere: ids, cursors, handles. Each
// is refused or written again as it was.
#include "base/process.hpp"
#include "engine/learner_handle.hpp"
#include "fuzzing.hpp"
#include "model/run.hpp"
#include "repository/record.hpp"

using namespace trainyard;
using namespace trainyard::fuzzing;

namespace {

void cursors(std::string_view text) {
  for (const auto order : {repository::Order::ById, repository::Order::BySubmission}) {
    attempt([&] { repository::decode_cursor(order, text); });
  }
  attempt([&] {
    const auto cursor = repository::decode_definition_cursor(text);
    if (!cursor) return;
    const auto again = repository::decode_definition_cursor(repository::encode_cursor(*cursor));
    require(again == cursor);
  });
  attempt([&] { repository::decode_experiment_cursor(text); });
  attempt([&] { repository::decode_experiment_run_cursor(text); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  cursors(text);
  if (const auto id = model::RunId::parse(text)) require(id->str() == text);
  if (const auto state = model::parse_state(text)) require(model::to_string(*state) == text);
  if (const auto phase = model::parse_phase(text)) require(model::to_string(*phase) == text);
  if (const auto process = ProcessIdentity::parse(text)) {
    require(ProcessIdentity::parse(process->to_string()) == process);
  }
  if (const auto handle = engine::LearnerHandle::parse(text)) {
    require(engine::LearnerHandle::parse(handle->to_string()) == handle);
  }
  return 0;
}
