#include <fmt/format.h>

#include <ostream>

#include "base/strings.hpp"
#include "cli/commands.hpp"
#include "cli/text_table.hpp"

namespace trainyard::cli {
namespace {

std::string usable_text(const wire::FrameworkView& framework) {
  return framework.usable ? "yes" : "no: " + framework.why_not;
}

int as_trainyard(Session& session, const Arguments& arguments) {
  auto& out = session.context.out;
  if (arguments.has(kJson.name)) {
    out << session.api().frameworks_json() << "\n";
    return kOk;
  }
  std::vector<Row> rows = {{"NAME", "VERSION", "ALSO", "RUNS IN", "USABLE HERE"}};
  for (const auto& framework : session.api().frameworks()) {
    rows.push_back({framework.name, framework.version, join(framework.aliases, ", "),
                    framework.kind, usable_text(framework)});
  }
  out << text_table(rows);
  return kOk;
}

}  // namespace

// The columns of old, and what is usable here.
int list_frameworks_as_bx(Session& session) {
  auto& out = session.context.out;
  out << "Fetching the list of frameworks ...\n" << std::flush;
  std::vector<Row> rows = {{"SI No", "Name", "Version", "Usable here"}};
  for (const auto& framework : session.api().frameworks()) {
    rows.push_back(
        {std::to_string(rows.size()), framework.name, framework.version, usable_text(framework)});
  }
  out << text_table(rows) << "OK\nList frameworks successful\n";
  return kOk;
}

Command trainyard_frameworks() {
  return {.name = "frameworks",
          .summary = "what a manifest may name, and what of it works here",
          .options = {kJson, kStateDir},
          .run = as_trainyard};
}

}  // namespace trainyard::cli
