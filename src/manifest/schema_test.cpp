#include "manifest/schema.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "base/strings.hpp"
#include "manifest/parse.hpp"

namespace trainyard::manifest {
namespace {

using nlohmann::json;

TEST(Schema, NamesEverySpelling) {
  const auto schema = json::parse(json_schema());
  EXPECT_EQ(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
  const auto& top = schema["$defs"]["run_manifest"]["properties"];
  for (const auto* key : {"model_definition", "training_data", "training_data_reference",
                          "training_results", "training_results_reference"}) {
    EXPECT_TRUE(top.contains(key)) << key;
  }
  const auto& connection = schema["$defs"]["connection"]["properties"];
  for (const auto* key : {"endpoint_url", "auth_url", "aws_access_key_id", "userId", "password",
                          "project_id", "domainName"}) {
    EXPECT_TRUE(connection.contains(key)) << key;
  }
  const auto& size = schema["$defs"]["execution"]["properties"]["resource"]["anyOf"][0]["enum"];
  EXPECT_EQ(size[0], "small");
  EXPECT_EQ(size.size(), 10u);
}

TEST(Schema, OnlyResultsNeedKeys) {
  const auto schema = json::parse(json_schema());
  EXPECT_EQ(schema["$defs"]["connection"]["allOf"].size(), 3u);
  EXPECT_EQ(schema["$defs"]["data_connection"]["allOf"].size(), 1u);
  const auto& key = schema["$defs"]["data_connection"]["properties"]["access_key_id"];
  EXPECT_EQ(key["type"], json({"string", "number", "boolean"}));  // no null
}

TEST(Schema, EveryReferenceIsDefined) {
  const auto schema = json::parse(json_schema());
  std::vector<const json*> open{&schema};
  int references = 0;
  while (!open.empty()) {
    const auto& node = *open.back();
    open.pop_back();
    if (node.is_object() && node.contains("$ref")) {
      const std::string target = node["$ref"];
      ++references;
      EXPECT_TRUE(schema["$defs"].contains(target.substr(std::string("#/$defs/").size())));
    }
    if (node.is_structured()) {
      for (const auto& child : node) open.push_back(&child);
    }
  }
  EXPECT_GT(references, 15);
}

TEST(Sample, LacksOnlyWhatTheUserMustFillIn) {
  const auto text = sample_manifest();
  for (const auto& line : split(text, '\n')) EXPECT_LE(line.size(), 80u) << line;
  const auto result = parse(text);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.diagnostics.size(), 8u) << format(result.diagnostics, "sample");
  for (const auto& diagnostic : result.diagnostics) {
    EXPECT_NE(diagnostic.message.find("placeholder"), std::string::npos)
        << format(diagnostic, "sample");
  }
}

}  // namespace
}  // namespace trainyard::manifest
