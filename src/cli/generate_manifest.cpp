#include <fmt/format.h>

#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/commands.hpp"
#include "manifest/schema.hpp"

namespace trainyard::cli {
namespace {

constexpr std::string_view kFile = "training-runs.yml";

int as_bx(Session& session, const Arguments& arguments) {
  if (arguments.words[0] != "training-runs") {
    throw Error(ErrorKind::InvalidInput, "there are manifests for training-runs only");
  }
  const auto path = session.context.working_dir / kFile;
  if (fs::exists(path)) {
    throw Error(ErrorKind::Conflict,
                fmt::format("{} exists and may be yours; rename or remove it first", kFile));
  }
  // What is filled in are credentials: nobody else is to read them.
  write_file_atomic(path, manifest::sample_manifest(), 0600);
  session.context.out << fmt::format("OK\nA sample manifest file is generated under {}\n", kFile);
  return kOk;
}

}  // namespace

Command bx_generate_manifest() {
  return {.name = "generate-manifest",
          .usage = "training-runs",
          .summary = "Write a sample manifest, training-runs.yml, to the current folder",
          .least_words = 1,
          .most_words = 1,
          .run = as_bx,
          .choices = {"training-runs"}};
}

}  // namespace trainyard::cli
