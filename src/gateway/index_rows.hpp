#pragma once
// How the index keeps times: milliseconds since 1970.
#include "base/clock.hpp"
#include "db/database.hpp"

namespace trainyard::gateway {

inline std::int64_t ticks_of(TimePoint time) { return time.time_since_epoch().count(); }
inline TimePoint time_at(const db::Statement& row, int column) {
  return TimePoint(Milliseconds(row.integer(column)));
}

}  // namespace trainyard::gateway
