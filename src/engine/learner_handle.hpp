#pragma once
// The local engine's handle: which attempt it is, and the process that was started for it.
#include <optional>
#include <string>
#include <string_view>

#include "base/process.hpp"
#include "model/ids.hpp"

namespace trainyard::engine {

struct LearnerHandle {
  model::RunId run;
  unsigned attempt = 1;
  ProcessIdentity process;

  std::string to_string() const;  // "training-DOl4q2LkR/1/<boot id>:<pid>:<ticks>"
  static std::optional<LearnerHandle> parse(std::string_view text);
  bool operator==(const LearnerHandle&) const = default;
};

}  // namespace trainyard::engine
