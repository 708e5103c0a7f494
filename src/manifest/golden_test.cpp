// Every manifest of testdata/ against what the parser made of it, kept beside it as FILE.expected.
// TRAINYARD_UPDATE_GOLDEN=1 writes those files anew; read the difference before committing it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "manifest/parse.hpp"

namespace trainyard::manifest {
namespace {

std::string describe(const model::StoreReference& store) {
  const auto common = fmt::format("{} bucket={} prefix={} label={}\n", store.type(), store.bucket,
                                  store.prefix, store.label);
  if (const auto* s3 = std::get_if<model::S3Connection>(&store.connection)) {
    return common + fmt::format("  endpoint={} access_key={} secret={} region={}\n",
                                s3->endpoint_url, s3->access_key_id, s3->secret_access_key.reveal(),
                                s3->region);
  }
  const auto& swift = std::get<model::SwiftConnection>(store.connection);
  return common + fmt::format("  auth_url={} user={} password={} region={} domain={} project={}\n",
                              swift.auth_url, swift.user_name, swift.password.reveal(),
                              swift.region, swift.domain_name, swift.project_id);
}

std::string describe(const model::Manifest& m) {
  auto text = fmt::format("name={}\ndescription={}\nauthor={} <{}>\nframework={} {}\n", m.name,
                          m.description, m.author.name, m.author.email, m.framework.name,
                          m.framework.version);
  for (const auto& runtime : m.framework.runtimes) {
    text += fmt::format("runtime={} {}\n", runtime.name, runtime.version);
  }
  text += fmt::format("command=[{}]\n", m.command);
  text +=
      fmt::format("size={} gpus={} nodes={} cpus={} memory={}\n", m.compute.size, m.compute.gpus,
                  m.compute.nodes, m.compute.cpus.value_or(0), m.compute.memory_bytes.value_or(0));
  text += "data: " + describe(m.training_data);
  text += "results: " + describe(m.training_results);
  return text;
}

std::vector<fs::path> manifests() {
  std::vector<fs::path> found;
  for (const auto* folder : {"wild", "broken"}) {
    for (const auto& entry : fs::directory_iterator(fs::path(TRAINYARD_TESTDATA) / folder)) {
      const auto extension = entry.path().extension();
      if (extension == ".yml" || extension == ".yaml" || extension == ".json") {
        found.push_back(entry.path());
      }
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

class GoldenManifest : public testing::TestWithParam<fs::path> {};

TEST_P(GoldenManifest, IsReadAsExpected) {
  const auto result = parse(read_file(GetParam()));
  auto text = format(result.diagnostics, GetParam().filename().string());
  if (result.manifest) text += describe(*result.manifest);

  const fs::path expected = GetParam().string() + ".expected";
  if (std::getenv("TRAINYARD_UPDATE_GOLDEN") != nullptr) write_file_atomic(expected, text, 0644);
  EXPECT_EQ(text, read_file(expected));
  EXPECT_EQ(result.ok(), !has_errors(result.diagnostics));
}

INSTANTIATE_TEST_SUITE_P(Testdata, GoldenManifest, testing::ValuesIn(manifests()),
                         [](const auto& info) {
                           auto name = info.param.stem().string();
                           for (auto& c : name) {
                             if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
                           }
                           return name;
                         });

}  // namespace
}  // namespace trainyard::manifest
