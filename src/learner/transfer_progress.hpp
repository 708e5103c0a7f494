#pragma once
#include <string>

#include "objectstore/retry.hpp"
#include "objectstore/transfer.hpp"
#include "wire/learner.hpp"

namespace trainyard::learner {

// What the server shows of a transfer; `phase` is "staging" or "storing". What is tried again is
// its trouble.
wire::Progress wire_progress(std::string phase, const objectstore::TransferProgress& progress,
                             const objectstore::RetryState& retries);

}  // namespace trainyard::learner
