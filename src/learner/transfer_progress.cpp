#include "learner/transfer_progress.hpp"

#include <fmt/format.h>

namespace trainyard::learner {
namespace {

std::string trouble_of(const objectstore::RetryState& retries) {
  if (retries.under_way == 0) return "";
  return fmt::format(
      "{} had to be tried again: {}",
      retries.under_way == 1 ? "a request" : fmt::format("{} requests", retries.under_way),
      retries.last_error);
}

}  // namespace

wire::Progress wire_progress(std::string phase, const objectstore::TransferProgress& progress,
                             const objectstore::RetryState& retries) {
  wire::Progress result;
  result.phase = std::move(phase);
  result.files_done = progress.files_done;
  result.files_total = progress.files_total;
  result.bytes_done = progress.bytes_done;
  result.bytes_total = progress.bytes_total;
  result.bytes_from_cache = progress.bytes_from_cache;
  result.bytes_per_second = progress.bytes_per_second;
  result.remaining = progress.remaining;
  result.limited_by = progress.limited_by;
  result.trouble = trouble_of(retries);
  return result;
}

}  // namespace trainyard::learner
