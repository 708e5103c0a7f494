#include <fmt/format.h>

#include <ostream>

#include "cli/commands.hpp"
#include "cli/text_table.hpp"
#include "wire/account.hpp"

namespace trainyard::cli {
namespace {

constexpr Option kLast{"--last", "", "N",
                       "that many entries from the end; 100 when nothing is said"};

int as_trainyard(Session& session, const Arguments& arguments) {
  const auto last = arguments.number(kLast.name).value_or(100);
  const auto json = session.api().call_json("GET", fmt::format("/v3/audit?last={}", last));
  auto& out = session.context.out;
  if (arguments.has(kJson.name)) {
    out << json << "\n";
    return kOk;
  }
  std::vector<Row> rows = {{"AT", "WHO", "BY", "FROM", "ANSWER", "WHAT"}};
  for (const auto& entry : wire::decode_audit(json)) {
    const auto method = entry.action.substr(0, entry.action.find(' '));
    const auto change = entry.change.empty() ? "" : fmt::format(" ({})", entry.change);
    rows.push_back({format_seconds(entry.at), entry.actor.empty() ? "-" : entry.actor,
                    entry.credential, entry.peer, std::to_string(entry.status),
                    fmt::format("{} {}{}", method, entry.target, change)});
  }
  out << text_table(rows);
  return kOk;
}

}  // namespace

Command trainyard_audit() {
  return {.name = "audit",
          .summary = "who did what, for admins",
          .options = {kLast, kJson, kStateDir},
          .run = as_trainyard};
}

}  // namespace trainyard::cli
