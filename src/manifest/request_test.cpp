// What a client sends for a manifest (wire) is what the server reads (manifest).

#include <gtest/gtest.h>

#include <filesystem>

#include "base/files.hpp"
#include "manifest/parse.hpp"
#include "wire/run.hpp"

namespace trainyard::manifest {
namespace {

TEST(Request, EveryRealManifestComesBackTheSame) {
  int checked = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(TRAINYARD_TESTDATA) / "wild")) {
    if (entry.path().extension() == ".expected" || entry.path().extension() == ".tsv") continue;
    auto file = parse(read_file(entry.path()));
    if (!file.ok()) continue;
    file.manifest->definition_href = "http://server/v3/definition";
    const auto body = wire::encode_run_request(*file.manifest);
    const auto request = parse(body, Source::Request);
    ASSERT_TRUE(request.ok()) << entry.path() << format(request.diagnostics, "");
    EXPECT_EQ(request.manifest->definition_href, "http://server/v3/definition");
    EXPECT_EQ(wire::encode_with_secrets(*request.manifest),
              wire::encode_with_secrets(*file.manifest));
    ++checked;
  }
  EXPECT_GT(checked, 15);
}

}  // namespace
}  // namespace trainyard::manifest
