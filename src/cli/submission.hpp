#pragma once
// From the two files of a submission to what is sent: everything that is wrong with them is said at
// once, and before anything is sent.
#include <string>

#include "cli/command.hpp"
#include "manifest/parse.hpp"
#include "model/manifest.hpp"

namespace trainyard::cli {

manifest::ParseResult parse_manifest_file(const std::string& path);
// Warnings and notes go to `err`. Throws InvalidInput with every error, each with its place.
model::Manifest read_manifest(const std::string& path, Context& context);
// Throws InvalidInput for a zip that the service would refuse; "" or a warning about the command.
std::string check_zip(const std::string& path, const model::Manifest& manifest);

// read_manifest, check_zip, and the run started; on a terminal with the upload's progress.
wire::RunView submit(Session& session, const std::string& zip, const std::string& manifest);

}  // namespace trainyard::cli
