#include "manifest/schema.hpp"

#include <ostream>

#include "cli/commands.hpp"

namespace trainyard::cli {

Command trainyard_schema() {
  return {.name = "schema",
          .summary = "the JSON Schema of manifests, for editors",
          .options = {{"--sample", "", "", "print a sample manifest instead"}},
          .run = [](Session& session, const Arguments& arguments) -> int {
            session.context.out << (arguments.has("--sample") ? manifest::sample_manifest()
                                                              : manifest::json_schema());
            return kOk;
          }};
}

}  // namespace trainyard::cli
