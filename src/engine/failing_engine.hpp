#pragma once
#include <memory>

#include "base/error.hpp"
#include "engine/compute_engine.hpp"

namespace trainyard::engine {

// Every call but traits() throws `error`.
std::unique_ptr<ComputeEngine> make_failing_engine(Error error);

}  // namespace trainyard::engine
