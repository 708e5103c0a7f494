#include <fmt/format.h>

#include <ostream>

#include "cli/commands.hpp"

namespace trainyard::cli {
namespace {

int as_bx(Session& session, const Arguments&) {
  const auto& build = session.context.build;
  session.context.out << fmt::format(
      "Git Commit Hash: {}\nUTC Build Time : {}\nPlugin Version : {}\n", build.commit,
      build.built_at, build.version);
  return kOk;
}

int as_trainyard(Session& session, const Arguments&) {
  const auto& build = session.context.build;
  session.context.out << fmt::format("trainyard {} ({}, built {})\n", build.version, build.commit,
                                     build.built_at);
  return kOk;
}

}  // namespace

Command bx_version() {
  return {.name = "version", .summary = "show git hash and build time of cli", .run = as_bx};
}

Command trainyard_version() {
  return {.name = "version", .summary = "of this program", .run = as_trainyard};
}

}  // namespace trainyard::cli
