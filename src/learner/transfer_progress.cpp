#include "learner/transfer_progress.hpp"

namespace trainyard::learner {

wire::Progress wire_progress(std::string phase, const objectstore::TransferProgress& progress) {
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
  return result;
}

}  // namespace trainyard::learner
