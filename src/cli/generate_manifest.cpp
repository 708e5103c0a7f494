#include <fmt/format.h>

#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/commands.hpp"
#include "manifest/asset.hpp"
#include "manifest/schema.hpp"

namespace trainyard::cli {
namespace {

std::string sample_of(const std::string& kind) {
  if (kind == "training-runs") return manifest::sample_manifest();
  if (kind == "training-definitions") {
    return manifest::sample_asset(manifest::Asset::TrainingDefinition);
  }
  if (kind == "experiments") return manifest::sample_asset(manifest::Asset::Experiment);
  throw Error(ErrorKind::InvalidInput,
              "there are manifests for training-runs, training-definitions and experiments");
}

int as_bx(Session& session, const Arguments& arguments) {
  const std::string text = sample_of(arguments.words[0]);
  const std::string file = arguments.words[0] + ".yml";
  const auto path = session.context.working_dir / file;
  if (fs::exists(path)) {
    throw Error(ErrorKind::Conflict,
                fmt::format("{} exists and may be yours; rename or remove it first", file));
  }
  // What is filled in are credentials: nobody else is to read them.
  write_file_atomic(path, text, 0600);
  session.context.out << fmt::format("OK\nA sample manifest file is generated under {}\n", file);
  return kOk;
}

}  // namespace

Command bx_generate_manifest() {
  return {.name = "generate-manifest",
          .usage = "training-runs|training-definitions|experiments",
          .summary = "Write a sample manifest to the current folder",
          .least_words = 1,
          .most_words = 1,
          .run = as_bx,
          .choices = {"training-runs", "training-definitions", "experiments"}};
}

}  // namespace trainyard::cli
