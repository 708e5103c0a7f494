#pragma once
#include <string>

#include "objectstore/transfer.hpp"
#include "wire/learner.hpp"

namespace trainyard::learner {

// What the server shows of a transfer; `phase` is "staging" or "storing". Requests that are tried
// again are its trouble.
wire::Progress wire_progress(std::string phase, const objectstore::TransferProgress& progress,
                             const objectstore::ObjectStore& store);

}  // namespace trainyard::learner
