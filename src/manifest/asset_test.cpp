#include "manifest/asset.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "base/strings.hpp"
#include "wire/definition.hpp"

namespace trainyard::manifest {
namespace {

using nlohmann::json;
using testing::HasSubstr;

std::string problems(const std::string& text, Asset asset) {
  const auto result = parse_asset(text, asset);
  EXPECT_FALSE(result.json);
  return format(result.diagnostics, "e.yml");
}

constexpr const char* kStore = R"(
  connection: {endpoint_url: s3.example.com, aws_access_key_id: AKIA, aws_secret_access_key: SK}
)";

TEST(Asset, AnExperimentBecomesTheBodyOfItsRequest) {
  const auto result = parse_asset(std::string(R"(settings:
  name: "007"
  author: Ada
  evaluation_definition: {method: multiclass, metrics: [{name: accuracy, maximize: true}]}
tags: [{value: a, weight: 1.5}]
training_references:
- training_definition_url: http://h/d
  resource: {name: small, nodes: 2}
  command: 12
training_results:)") + kStore + "  source: {container: out}\n",
                                  Asset::Experiment);
  ASSERT_TRUE(result.json) << format(result.diagnostics, "");
  EXPECT_EQ(json::parse(result.json->reveal()), json::parse(R"({
    "settings": {"name": "007", "author": "Ada", "evaluation_definition":
        {"method": "multiclass", "metrics": [{"name": "accuracy", "maximize": true}]}},
    "tags": [{"value": "a", "weight": 1.5}],
    "training_references": [{"training_definition_url": "http://h/d", "command": "12",
                             "compute_configuration": {"name": "small", "nodes": 2}}],
    "training_results_reference": {
        "connection": {"endpoint_url": "s3.example.com", "access_key_id": "AKIA",
                       "secret_access_key": "SK"},
        "target": {"bucket": "out"}}})"));
}

TEST(Asset, EverythingThatIsWrongIsSaidAtItsPlace) {
  const auto text = problems("settings: {}\ntraining_references:\n- name: a\n- x\nresults: {}\n",
                             Asset::Experiment);
  EXPECT_THAT(text, HasSubstr("e.yml:1:11: error: settings: \"name\" is missing"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "e.yml:3:3: error: training_references[0]: \"training_definition_url\" is missing"));
  EXPECT_THAT(text, HasSubstr("e.yml:4:3: error: training_references[1]: expected keys"));
  EXPECT_THAT(text, HasSubstr("error: \"training_results_reference\" is missing"));
  EXPECT_THAT(problems("settings: {name: a}\ntraining_references: []\n", Asset::Experiment),
              HasSubstr("expected at least one entry"));
  EXPECT_THAT(problems("settings: {name: a, evaluation_definition: [acc]}\n", Asset::Experiment),
              HasSubstr("settings.evaluation_definition: expected keys with values"));
  EXPECT_THAT(problems("just text", Asset::Experiment), HasSubstr("expected keys with values"));
  EXPECT_THAT(problems("a: [", Asset::Experiment), HasSubstr("is never closed"));
}

TEST(Asset, TheCommandOfADefinitionIsLiftedToTheTop) {
  const auto result = parse_asset(
      "name: d\nframework: {name: tensorflow, version: 1.10}\n"
      "execution: {command: python3 a.py, resource: small}\n",
      Asset::TrainingDefinition);
  ASSERT_TRUE(result.json) << format(result.diagnostics, "");
  const auto sent = json::parse(result.json->reveal());
  EXPECT_EQ(sent["command"], "python3 a.py");
  EXPECT_EQ(sent["framework"]["version"], "1.10");
}

// Under "model_definition" runs have what a training definition has at the top.
std::string definition_of(const std::string& run_manifest) {
  std::string text;
  std::size_t indent = 0;
  for (const std::string& line : split(run_manifest, '\n')) {
    const auto begin = line.find_first_not_of(' ');
    if (begin == std::string::npos || line[begin] == '#') continue;
    if (begin == 0 && !text.empty()) break;
    if (begin == 0) continue;
    if (indent == 0) indent = begin;
    text += line.substr(indent) + "\n";
  }
  return text;
}

TEST(Asset, RealManifestsBecomeWhatTheApiTakes) {
  std::size_t runtimes = 0, found = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(TRAINYARD_TESTDATA) / "wild")) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with("wml__") || entry.path().extension() == ".expected") continue;
    SCOPED_TRACE(name);
    if (name.ends_with("72a030c.yaml")) continue;  // is no YAML
    const auto result =
        parse_asset(definition_of(read_file(entry.path())), Asset::TrainingDefinition);
    ASSERT_TRUE(result.json) << format(result.diagnostics, name);
    const auto request = wire::decode_definition_request(result.json->reveal());
    ++found;
    runtimes += request.framework.runtimes.size();
    EXPECT_FALSE(request.command.empty());
    const auto sent = json::parse(result.json->reveal());
    EXPECT_TRUE(sent["execution"]["compute_configuration"]["name"].is_string()) << sent;
    EXPECT_FALSE(sent["execution"].contains("resource"));
  }
  EXPECT_EQ(found, 8u);
  EXPECT_EQ(runtimes, 5u);
}

TEST(Asset, ASizeOfOldGoesByItsLastName) {
  const auto result = parse_asset(
      "name: d\nframework: {name: tensorflow, version: '1', runtimes: [{name: python, version: "
      "3}]}\n"
      "execution: {command: python3 a.py, resourceType: small}\n",
      Asset::TrainingDefinition);
  ASSERT_TRUE(result.json) << format(result.diagnostics, "");
  const auto sent = json::parse(result.json->reveal());
  EXPECT_EQ(sent["execution"], json::parse(R"({"command": "python3 a.py",
                                               "compute_configuration": {"name": "small"}})"));
  EXPECT_EQ(sent["framework"]["runtimes"], json::parse(R"([{"name": "python", "version": "3"}])"));
}

TEST(Asset, NoSecretStandsInAMessage) {
  const auto text = problems(
      "name: d\nframework: {name: f, version: '1'}\n"
      "training_data_reference:\n  connection: {secret_access_key: hush}\n",
      Asset::TrainingDefinition);
  EXPECT_THAT(text, HasSubstr("endpoint_url"));
  EXPECT_THAT(text, testing::Not(HasSubstr("hush")));
}

TEST(Asset, SamplesLackOnlyWhatStandsInAngleBrackets) {
  for (const Asset asset : {Asset::TrainingDefinition, Asset::Experiment}) {
    std::string text = sample_asset(asset);
    EXPECT_EQ(parse_asset(text, asset).json.has_value(), asset == Asset::TrainingDefinition);
    for (auto at = text.find('<'); at != text.npos; at = text.find('<', at)) {
      const auto length = text.find('>', at) + 1 - at;
      const bool url = text.substr(at, length) == "<endpoint-url>";
      text.replace(at, length, url ? "http://store" : "filled-in");
    }
    const auto result = parse_asset(text, asset);
    EXPECT_TRUE(result.json) << text << format(result.diagnostics, "");
    EXPECT_EQ(format(result.diagnostics, ""), "");
  }
}

}  // namespace
}  // namespace trainyard::manifest
