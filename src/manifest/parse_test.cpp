#include "manifest/parse.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manifest/tree.hpp"

namespace trainyard::manifest {
namespace {

using testing::HasSubstr;
using testing::Not;

// A good manifest with one part replaced.
struct Parts {
  std::string definition = "name: mnist";
  std::string framework = "{name: tensorflow, version: 1.2-py3}";
  std::string execution = "{command: python3 x.py, resource: small}";
  std::string connection =
      "{endpoint_url: \"https://s3.example.com\", access_key_id: AK, secret_access_key: SK}";
  std::string source = "{bucket: in}";
  std::string target = "target: {bucket: out}";
  std::string type = "s3";
};

std::string manifest_of(const Parts& p) {
  return fmt::format(
      "model_definition:\n  {}\n  framework: {}\n  execution: {}\n"
      "training_data_reference:\n- connection: {}\n  source: {}\n  type: {}\n"
      "training_results_reference:\n  connection: {}\n  {}\n  type: {}\n",
      p.definition, p.framework, p.execution, p.connection, p.source, p.type, p.connection,
      p.target, p.type);
}

model::Manifest good(const Parts& parts) {
  auto result = parse(manifest_of(parts));
  EXPECT_TRUE(result.ok()) << format(result.diagnostics, "x.yml");
  return result.manifest.value_or(model::Manifest{});
}

std::string problems(std::string_view text, Source source = Source::File) {
  const auto result = parse(text, source);
  EXPECT_FALSE(result.ok());
  return format(result.diagnostics, "");
}

const model::S3Connection& s3(const model::StoreReference& store) {
  return std::get<model::S3Connection>(store.connection);
}

TEST(Manifest, VersionsKeepTheirSourceText) {
  for (const auto* version : {"1.10", "0.10", "1e3", "2", "1.2-py3", "true", "0x10", "2.0"}) {
    const auto manifest = good({.framework = fmt::format("{{name: keras, version: {}}}", version)});
    EXPECT_EQ(manifest.framework.version, version);
  }
}

TEST(Manifest, AuthorMayBeTextOrKeys) {
  EXPECT_EQ(good({.definition = "author: Ada"}).author.name, "Ada");
  const auto author = good({.definition = "author: {name: Ada, email: ada@example.com}"}).author;
  EXPECT_EQ(author.name, "Ada");
  EXPECT_EQ(author.email, "ada@example.com");
  EXPECT_TRUE(good({.definition = "author: {}"}).author.empty());
}

TEST(Manifest, RuntimesMayBeKeysOrAList) {
  for (const auto* runtimes :
       {"{name: python, version: 3.10}", "[{name: python, version: 3.10}]"}) {
    const auto framework =
        good({.framework = fmt::format("{{name: keras, version: 2, runtimes: {}}}", runtimes)})
            .framework;
    ASSERT_EQ(framework.runtimes.size(), 1u);
    EXPECT_EQ(framework.runtimes[0].name, "python");
    EXPECT_EQ(framework.runtimes[0].version, "3.10");
  }
  EXPECT_TRUE(
      good({.framework = "{name: keras, version: 2, runtimes: []}"}).framework.runtimes.empty());
}

TEST(Manifest, EverySpellingOfTheSizeIsRead) {
  struct Case {
    const char* execution;
    const char* size;
    unsigned gpus, nodes;
  };
  for (const auto& c : {
           Case{"resource: medium", "medium", 2, 1}, Case{"resourceType: large", "large", 4, 1},
           Case{"resource: Small", "small", 1, 1},
           Case{"compute_configuration: {name: k80x2, nodes: 3}", "k80x2", 2, 3},
           Case{"computer_configuration: {name: v100}", "v100", 1, 1},
           Case{"compute_configuration: {gpus: 3}", "", 3, 1}, Case{"gpus: 5", "", 5, 1},
           Case{"resource: medium, gpus: 2", "medium", 2, 1},
           Case{"description: none", "k80", 1, 1},  // wml-v3 (d.2): the default
       }) {
    const auto compute =
        good({.execution = fmt::format("{{command: x, {}}}", c.execution)}).compute;
    EXPECT_EQ(compute.size, c.size) << c.execution;
    EXPECT_EQ(compute.gpus, c.gpus) << c.execution;
    EXPECT_EQ(compute.nodes, c.nodes) << c.execution;
  }
}

TEST(Manifest, CpusAndMemoryAreNumbers) {
  const auto compute =
      good({.execution = "{command: x, gpus: 0, cpus: 0.5, memory: 300MiB}"}).compute;
  EXPECT_EQ(compute.gpus, 0u);
  EXPECT_EQ(compute.slots(), 1u);
  EXPECT_DOUBLE_EQ(compute.cpus.value(), 0.5);
  EXPECT_EQ(compute.memory_bytes.value(), 300u << 20);
}

TEST(Manifest, EverySpellingOfAnS3ConnectionIsRead) {
  for (const auto* connection : {
           "{endpoint_url: https://h, access_key_id: AK, secret_access_key: SK}",
           "{endpoint_url: https://h, aws_access_key_id: AK, aws_secret_access_key: SK}",
           "{auth_url: https://h, user_name: AK, password: SK}",
           "{auth_url: https://h, userId: AK, password: SK}",
       }) {
    for (const auto* type : {"s3", "s3_datastore", "S3"}) {
      const auto manifest = good({.connection = connection, .type = type});
      EXPECT_EQ(s3(manifest.training_data).endpoint_url, "https://h");
      EXPECT_EQ(s3(manifest.training_data).access_key_id, "AK");
      EXPECT_EQ(s3(manifest.training_results).secret_access_key.reveal(), "SK");
    }
  }
}

std::string with_data_connection(const std::string& connection, const std::string& type = "s3") {
  return "model_definition: {name: n, framework: {name: f, version: 1}, execution: {command: x}}\n"
         "training_data: {type: " +
         type + ", connection: " + connection +
         ", source: {bucket: in}}\n"
         "training_results: {type: s3, connection: {endpoint_url: https://h, access_key_id: AK, "
         "secret_access_key: SK}, target: {bucket: out}}\n";
}

TEST(Manifest, DataOfAPublicBucketNeedsNoKeys) {
  const auto result = parse(with_data_connection("{endpoint_url: https://h}"));
  ASSERT_TRUE(result.ok()) << format(result.diagnostics, "");
  EXPECT_EQ(s3(result.manifest->training_data).access_key_id, "");
  EXPECT_TRUE(s3(result.manifest->training_data).secret_access_key.empty());
  EXPECT_THAT(format(result.diagnostics, ""),
              HasSubstr("note: training_data.connection: no keys are given; taken as a public"));
}

TEST(Manifest, AKeyAsAnswersShowItIsRefused) {
  EXPECT_THAT(problems(with_data_connection(
                  "{endpoint_url: https://h, access_key_id: AK, password: '***'}")),
              HasSubstr("training_data.connection.password: expected the key, found \"***\""));
}

TEST(Manifest, HalfAPairOfKeysIsNoPublicBucket) {
  struct Row {
    const char* keys;
    const char* problem;
  };
  for (const Row& row : {
           Row{"access_key_id: AK",
               "\"secret_access_key\" is missing, which belongs to the other key"},
           Row{"password: SK", "\"access_key_id\" is missing, which belongs to the other key"},
           Row{"access_key_id: '', secret_access_key: ''",
               "access_key_id: expected text, found none"},
           Row{"access_key_id: , secret_access_key: SK",
               "access_key_id: expected text, found nothing"},
           Row{"acces_key_id: AK, secret_acces_key: SK",
               "acces_key_id: unknown key, and \"access_key_id\" is missing"},
       }) {
    EXPECT_THAT(
        problems(with_data_connection(fmt::format("{{endpoint_url: https://h, {}}}", row.keys))),
        HasSubstr(row.problem));
  }
}

TEST(Manifest, OnlyDataOfS3CanBePublic) {
  EXPECT_THAT(problems(manifest_of({.connection = "{endpoint_url: https://h}"})),
              HasSubstr("training_results_reference.connection: \"access_key_id\" is missing"));
  EXPECT_THAT(
      problems(with_data_connection("{auth_url: https://h/auth/v1.0}", "bluemix_objectstore")),
      HasSubstr("\"access_key_id\" is missing, which bluemix_objectstore needs"));
}

TEST(Manifest, ASwiftConnectionNeedsAllOfT14) {
  const std::string connection =
      "{auth_url: https://identity/v3, user_name: u, password: p, region: dallas, domain_name: d, "
      "project_id: 0123}";
  for (const auto* type : {"bluemix_objectstore", "~"}) {
    const auto manifest = good({.connection = connection, .type = type});
    const auto& swift = std::get<model::SwiftConnection>(manifest.training_data.connection);
    EXPECT_EQ(swift.auth_url, "https://identity/v3");
    EXPECT_EQ(swift.user_name, "u");
    EXPECT_EQ(swift.password.reveal(), "p");
    EXPECT_EQ(swift.region, "dallas");
    EXPECT_EQ(swift.domain_name, "d");
    EXPECT_EQ(swift.project_id, "0123");
    EXPECT_EQ(manifest.training_results.type(), "bluemix_objectstore");
  }
}

TEST(Manifest, VersionOneOfSwiftNeedsNameAndPasswordAlone) {
  for (const auto* url : {"https://h/auth/v1.0", "http://h:7480/auth/1.0"}) {
    const auto manifest =
        good({.connection = fmt::format("{{auth_url: {}, userId: u, password: p}}", url),
              .type = "softlayer_objectstore"});
    EXPECT_TRUE(std::holds_alternative<model::SwiftConnection>(manifest.training_data.connection));
  }
}

TEST(Manifest, TheTypeMayStandUnderTheBucket) {
  const auto manifest = good({.source = "{container: in, type: s3, path: some/where}",
                              .target = "source: {bucket: out, type: s3}",
                              .type = "~"});
  EXPECT_EQ(manifest.training_data.bucket, "in");
  EXPECT_EQ(manifest.training_data.prefix, "some/where");
  EXPECT_EQ(manifest.training_results.bucket, "out");
}

TEST(Manifest, CommandsAreKeptAsYamlReadsThem) {
  const auto folded = good({.execution = "\n    command: python3 a.py --x ${DATA_DIR}/y\n"
                                         "      --z 1\n    resource: small"});
  EXPECT_EQ(folded.command, "python3 a.py --x ${DATA_DIR}/y --z 1");
  const auto literal = good({.execution = "\n    command: |\n      cd a\n      ./b <c >d\n"});
  EXPECT_EQ(literal.command, "cd a\n./b <c >d\n");
}

TEST(Manifest, AFoldedCommandGoesOnInLinesThatAreIndentedFurther) {
  const auto options = good({.execution = "\n    command: >\n      python3 a.py\n"
                                          "        --x 1\n        --y 2 &&\n      python3 b.py\n"
                                          "        --z\n"});
  EXPECT_EQ(options.command, "python3 a.py   --x 1   --y 2 && python3 b.py   --z\n");
  const auto apart =
      good({.execution = "\n    command: >-\n      cd a\n\n      ./b\n        -c\n"});
  EXPECT_EQ(apart.command, "cd a\n./b   -c");
  const auto literal =
      good({.execution = "\n    command: |\n      if a\n        then b\n      fi\n"});
  EXPECT_EQ(literal.command, "if a\n  then b\nfi\n");
}

TEST(Manifest, WindowsLineEndsAndByteOrderMarkChangeNothing) {
  auto text = manifest_of({.execution = "\n    command: |\n      a\n      b\n"});
  std::string windows = "\xEF\xBB\xBF";
  for (const char c : text) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  const auto result = parse(windows);
  ASSERT_TRUE(result.ok()) << format(result.diagnostics, "x");
  EXPECT_EQ(result.manifest->command, "a\nb\n");
}

TEST(Manifest, AnchorsAndMergeKeysShareAConnection) {
  const auto result = parse(
      "model_definition: {name: x, framework: {name: a, version: 1}, execution: {command: y}}\n"
      "training_data: &in\n"
      "  connection: &c {endpoint_url: https://h, access_key_id: AK, secret_access_key: SK}\n"
      "  source: {bucket: in}\n"
      "  type: s3\n"
      "training_results:\n"
      "  <<: *in\n"
      "  connection: {<<: *c, access_key_id: other}\n"
      "  source: {bucket: out}\n");
  ASSERT_TRUE(result.ok()) << format(result.diagnostics, "x");
  EXPECT_EQ(s3(result.manifest->training_data).access_key_id, "AK");
  EXPECT_EQ(s3(result.manifest->training_results).access_key_id, "other");
  EXPECT_EQ(s3(result.manifest->training_results).secret_access_key.reveal(), "SK");
  EXPECT_EQ(result.manifest->training_results.bucket, "out");
}

TEST(Manifest, AMissingNameIsSaidAndAllowed) {
  const auto result = parse(manifest_of({.definition = "description: none"}));
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(format(result.diagnostics, "x.yml"),
              HasSubstr("x.yml:2:3: warning: model_definition: no \"name\" is given"));
}

TEST(Manifest, UnknownKeysAreWarnedAboutInFilesAndIgnoredInRequests) {
  const auto file = parse(manifest_of({.definition = "colour: red"}));
  ASSERT_TRUE(file.ok());
  EXPECT_THAT(format(file.diagnostics, ""), HasSubstr("model_definition.colour: unknown key"));

  const auto request = parse(R"({"model_definition": {"colour": 1, "framework": {"name": "keras",
      "version": 2.10}, "definition_location": "http://s/v3/x", "execution": {"command": "c"}},
      "training_data": [{"connection": {"auth_url": "h:9000", "userId": "u", "password": "p"},
                         "source": {"container": "in", "type": "s3_datastore"}}],
      "training_results": {"connection": {"auth_url": "h:9000", "userId": "u", "password": "p"},
                           "target": {"container": "out", "type": "s3_datastore"}}})",
                             Source::Request);
  ASSERT_TRUE(request.ok()) << format(request.diagnostics, "");
  EXPECT_TRUE(request.diagnostics.empty()) << format(request.diagnostics, "");
  EXPECT_EQ(request.manifest->framework.version, "2.10");
  EXPECT_EQ(request.manifest->definition_href, "http://s/v3/x");
  EXPECT_EQ(s3(request.manifest->training_data).endpoint_url, "https://h:9000");
}

TEST(Manifest, FaultsUnderAMisspeltSectionAreSaidToo) {
  const auto result = parse("model_defintion:\n  execution:\n    resource: smal\n");
  EXPECT_THAT(format(result.diagnostics, ""),
              AllOf(HasSubstr("model_defintion: unknown key, and \"model_definition\" is missing"),
                    HasSubstr("model_defintion.execution.resource: expected one of small"),
                    HasSubstr("model_defintion.execution: \"command\" is missing")));
}

TEST(Manifest, ValuesThatNothingCanHoldAreRefused) {
  const auto with_name = [](std::size_t bytes) {
    return parse(manifest_of({.definition = "name: " + std::string(bytes, 'n')})).ok();
  };
  EXPECT_TRUE(with_name(1000));
  EXPECT_FALSE(with_name(1001));
  const auto result =
      parse("model_definition:\n  execution:\n    command: " + std::string(100'001, 'c') + "\n");
  EXPECT_THAT(format(result.diagnostics, ""),
              HasSubstr("command: 100001 bytes; at most 100000 fit; put it into a script"));
}

TEST(Manifest, ARequestMayLeaveFrameworkAndCommandToItsDefinition) {
  const auto result = parse(R"({"model_definition": {"definition_href": "http://s/d"},
      "training_data_reference": {"connection": {"endpoint_url": "h", "access_key_id": "a",
        "secret_access_key": "b"}, "source": {"bucket": "in"}},
      "training_results_reference": {"connection": {"endpoint_url": "h", "access_key_id": "a",
        "secret_access_key": "b"}, "target": {"bucket": "out"}}})",
                            Source::Request);
  ASSERT_TRUE(result.ok()) << format(result.diagnostics, "");
  auto manifest = *result.manifest;
  EXPECT_EQ(manifest.compute.size, "k80");
  EXPECT_EQ(format(missing_parts(manifest), ""),
            "error: model_definition.framework.name: is missing, here and in the training "
            "definition\n"
            "error: model_definition.framework.version: is missing, here and in the training "
            "definition\n"
            "error: model_definition.execution.command: is missing, here and in the training "
            "definition\n");
  manifest.framework = {.name = "keras", .version = "2", .runtimes = {}};
  manifest.command = "python3 x.py";
  EXPECT_TRUE(missing_parts(manifest).empty());
}

TEST(Manifest, ARequestWithoutItsPartsSaysAllThatIsMissing) {
  const auto text = problems(R"({"training_data_reference": {"conection": {}}})", Source::Request);
  EXPECT_THAT(text, HasSubstr("error: \"model_definition\" is missing"));
  EXPECT_THAT(text, HasSubstr("error: \"training_results_reference\" is missing"));
  EXPECT_THAT(text, HasSubstr("error: training_data_reference: \"connection\" is missing; "
                              "\"conection\" is no key of it"));
  EXPECT_THAT(text, HasSubstr("error: training_data_reference: \"source\" is missing"));
}

TEST(Manifest, RequestsMustBeJson) {
  EXPECT_THAT(problems("model_definition: x", Source::Request), HasSubstr("not JSON"));
  EXPECT_THAT(problems("", Source::Request), HasSubstr("not JSON"));
  EXPECT_THAT(problems("{\"a\": 1} trailing", Source::Request), HasSubstr("not JSON"));
}

TEST(Manifest, SecretsAreNeverRepeated) {
  for (const auto* connection : {
           "{endpoint_url: https://u:hunter2@h, access_key_id: AK, secret_access_key: hunter2}",
           "{endpoint_url: https://h, access_key_id: AK, secret_access_key: [hunter2]}",
           "{endpoint_url: https://h, access_key_id: AK, secret_access_key: <hunter2>}",
           "{endpoint_url: https://h, access_key_id: AK, secret_access_key: a, password: hunter2}",
           "{endpoint_url: https://h, access_key_id: AK, \"secret_access_key hunter2\": }",
           "{endpoint_url: https://h, access_key_id: AK, secret_access_key: *hunter2}",
           "hunter2",
       }) {
    const auto text = problems(manifest_of({.connection = connection}));
    EXPECT_THAT(text, Not(HasSubstr("hunter2"))) << connection;
  }
}

TEST(Manifest, BothSpellingsOfASectionAreOneTooMany) {
  const auto text = problems(manifest_of({}) + "training_data: {}\n");
  EXPECT_THAT(text, HasSubstr("training_data: means the same as \"training_data_reference\""));
}

TEST(Manifest, DiagnosticsCarryThePositionInTheFile) {
  const auto result = parse(manifest_of({.execution = "{command: x, resource: smal}"}));
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_EQ(format(result.diagnostics[0], "job.yaml"),
            "job.yaml:4:37: error: model_definition.execution.resource: expected one of small, "
            "medium, large, k80, k80x2, k80x4, p100, p100x2, v100, v100x2, found \"smal\"; "
            "did you mean \"small\"?");
}

TEST(Manifest, LimitsHoldAgainstHostileText) {
  EXPECT_THAT(problems(std::string(kMaxTextBytes + 1, '#')), HasSubstr("at most 1048576"));
  EXPECT_THAT(problems(std::string(5000, '[')), HasSubstr("levels deep"));
  std::string many = "[";
  for (int i = 0; i < 30'000; ++i) many += "1,";
  EXPECT_THAT(problems(many + "1]"), HasSubstr("more than 20000 values"));
  // Nine levels of nine aliases each: a billion values when they are expanded.
  std::string bomb = "a0: &a0 [x]\n";
  for (int i = 1; i < 10; ++i) {
    bomb += fmt::format("a{0}: &a{0} [", i);
    for (int j = 0; j < 9; ++j) bomb += fmt::format("*a{},", i - 1);
    bomb += "]\n";
  }
  EXPECT_THAT(problems(bomb), HasSubstr("\"model_definition\" is missing"));
  EXPECT_THAT(problems(", a{b: c"), HasSubstr("expected a key and its value"));
  EXPECT_THAT(problems("a: &a [*a]"), HasSubstr("inside the value it names"));
  EXPECT_THAT(problems(std::string("a: \"x\0y\"", 8)), HasSubstr("zero byte"));
  EXPECT_THAT(problems(manifest_of({.execution = "{command: \"a\\0b\"}"})), HasSubstr("zero byte"));
}

}  // namespace
}  // namespace trainyard::manifest
