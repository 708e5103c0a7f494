#include "repository/run_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/strings.hpp"
#include "repository/record.hpp"

namespace trainyard::repository {
namespace {

using model::Phase;
using model::RunState;

template <typename T>
bool is_wanted(const std::vector<T>& wanted, T value) {
  return wanted.empty() || std::ranges::find(wanted, value) != wanted.end();
}

struct Standing {
  Phase phase;
  RunState state;
  // As the column of that name says it.
  std::string_view text() const {
    return phase == Phase::Ended ? to_string(state) : to_string(phase);
  }
};
constexpr std::array kStandings{
    Standing{Phase::Queued, RunState::Pending},  Standing{Phase::Starting, RunState::Pending},
    Standing{Phase::Staging, RunState::Running}, Standing{Phase::Training, RunState::Running},
    Standing{Phase::Storing, RunState::Running}, Standing{Phase::Recovering, RunState::Running},
    Standing{Phase::Ended, RunState::Completed}, Standing{Phase::Ended, RunState::Error},
    Standing{Phase::Ended, RunState::Canceled}};

std::vector<std::string> wanted_standings(const RunQuery& query) {
  std::vector<std::string> result;
  for (const Standing& standing : kStandings) {
    if (is_wanted(query.phases, standing.phase) && is_wanted(query.states, standing.state)) {
      result.emplace_back(standing.text());
    }
  }
  return result;
}

class ListBuilder {
 public:
  explicit ListBuilder(const RunQuery& query)
      : query_(query), cursor_(decode_cursor(query.order, query.start_after)) {}

  ListStatement build(const std::vector<std::string>& standings) {
    const bool any_standing = standings.size() == kStandings.size();
    const bool by_id = query_.order == Order::ById;
    if (query_.id) {
      select("INDEXED BY runs_by_id");
      where("r.id = ?", query_.id->str());
      if (query_.finished_before) where_ended();
      if (!any_standing) where_among(standings);
      where_owner();
    } else if (query_.finished_before) {
      select("INDEXED BY runs_by_end");
      where_ended();
      if (!any_standing) where_among(standings);
      where_owner();
    } else if (!any_standing) {
      for (const std::string& standing : standings) {
        select(by_id ? "INDEXED BY runs_by_standing_and_id" : "INDEXED BY runs_by_standing");
        where("r.standing = ?", standing);
        where_owner();
      }
    } else if (query_.owner) {
      select(by_id ? "INDEXED BY runs_by_owner_and_id" : "INDEXED BY runs_by_owner");
      where_owner();
    } else {
      select(by_id ? "INDEXED BY runs_by_id" : "NOT INDEXED");
    }
    finish();
    return std::move(result_);
  }

 private:
  // The next of the selects that are merged; its conditions follow.
  void select(std::string_view access) {
    if (!result_.sql.empty()) result_.sql += " UNION ALL ";
    result_.sql +=
        fmt::format("SELECT {} FROM runs AS r {}", selected_columns(query_.detail), access);
    if (query_.detail != RunDetail::Brief) {
      result_.sql += " LEFT JOIN run_details AS d ON d.queue_order = r.queue_order";
    }
    result_.sql += " WHERE true";
    where_after_cursor();
  }

  void where(std::string_view condition, std::variant<std::int64_t, std::string> value) {
    ((result_.sql += " AND ") += condition);
    result_.parameters.push_back(std::move(value));
  }

  void where_ended() {
    where("r.finished_at < ?", query_.finished_before->time_since_epoch().count());
  }

  void where_owner() {
    if (query_.owner) where("r.owner = ?", *query_.owner);
  }

  void where_among(const std::vector<std::string>& standings) {
    const std::vector<std::string> marks(standings.size(), "?");
    result_.sql += fmt::format(" AND r.standing IN ({})", join(marks, ", "));
    for (const std::string& standing : standings) result_.parameters.emplace_back(standing);
  }

  void where_after_cursor() {
    if (!cursor_) return;
    if (query_.order == Order::ById) return where("r.id > ?", cursor_->id);
    const bool rising = query_.order == Order::BySubmission;
    where(rising ? "r.queue_order > ?" : "r.queue_order < ?",
          static_cast<std::int64_t>(cursor_->queue_order));
  }

  void finish() {
    const bool falling = query_.order == Order::BySubmissionDescending;
    result_.sql +=
        fmt::format(" ORDER BY {}{} LIMIT ?", query_.order == Order::ById ? "id" : "queue_order",
                    falling ? " DESC" : "");
    const std::size_t most = std::min<std::size_t>(query_.limit, INT32_MAX);
    result_.parameters.emplace_back(static_cast<std::int64_t>(most) + 1);
  }

  const RunQuery& query_;
  std::optional<RunCursor> cursor_;
  ListStatement result_;
};

}  // namespace

std::optional<ListStatement> list_statement(const RunQuery& query) {
  check_limit(query.limit);
  ListBuilder builder(query);
  const auto standings = wanted_standings(query);
  if (standings.empty()) return std::nullopt;
  return builder.build(standings);
}

const std::string& live_count_sql() {
  static const std::string sql = [] {
    std::vector<std::string> counts;
    for (const Standing& standing : kStandings) {
      if (standing.phase == Phase::Ended) continue;
      counts.push_back(
          fmt::format("SELECT '{}', '{}', count(*) FROM runs INDEXED BY runs_by_standing "
                      "WHERE standing = '{}'",
                      to_string(standing.phase), to_string(standing.state), standing.text()));
    }
    return join(counts, " UNION ALL ");
  }();
  return sql;
}

}  // namespace trainyard::repository
