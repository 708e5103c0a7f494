#include "engine/learner_handle.hpp"

#include <fmt/format.h>

#include <limits>

#include "base/strings.hpp"

namespace trainyard::engine {

std::string LearnerHandle::to_string() const {
  return fmt::format("{}/{}/{}", run.str(), attempt, process.to_string());
}

std::optional<LearnerHandle> LearnerHandle::parse(std::string_view text) {
  const auto parts = split(text, '/');
  if (parts.size() != 3) return std::nullopt;
  const auto run = model::RunId::parse(parts[0]);
  const auto attempt = parse_u64(parts[1]);
  const auto process = ProcessIdentity::parse(parts[2]);
  if (!run || !attempt || !process) return std::nullopt;
  if (*attempt == 0 || *attempt > std::numeric_limits<unsigned>::max()) return std::nullopt;
  return LearnerHandle{*run, static_cast<unsigned>(*attempt), *process};
}

}  // namespace trainyard::engine
