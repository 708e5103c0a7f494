#pragma once
// From the two files of a submission to what is sent: everything that is wrong with them is said at
// once, and before anything is sent.
#include <string>

#include "cli/command.hpp"
#include "manifest/parse.hpp"
#include "model/manifest.hpp"
#include "wire/definition.hpp"
#include "wire/experiment.hpp"

namespace trainyard::cli {

manifest::ParseResult parse_manifest_file(const std::string& path);
// Warnings and notes go to `err`. Throws InvalidInput with every error of both files, each with its
// place; `zip` may be empty for none. A file that cannot be read is an error of its own kind.
model::Manifest check_submission(const std::string& manifest, const std::string& zip,
                                 Context& context);

// check_submission, and the run started; on a terminal with the upload's progress.
wire::RunView submit(Session& session, const std::string& zip, const std::string& manifest);

// What is stored to be run later, from its files; errors as of check_submission.
wire::DefinitionView store_definition(Session& session, const std::string& zip,
                                      const std::string& manifest);
wire::ExperimentView store_experiment(Session& session, const std::string& manifest);

}  // namespace trainyard::cli
