#include "runtime/catalogue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "runtime/catalogue_file.hpp"

namespace trainyard::runtime {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Host host_with_python(int minor) {
  Host host;
  host.pythons = {{"/usr/bin/python3", {3, minor}}};
  host.can_make_environments = true;
  return host;
}

std::string refusal(const model::Framework& framework, const Host& host) {
  try {
    Catalogue::builtin().resolve(framework, host);
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(Catalogue, ResolvesAnExactVersionToAPinnedEnvironment) {
  const auto spec = Catalogue::builtin().resolve({"tensorflow", "2.21", {}}, host_with_python(11));
  EXPECT_EQ(spec.kind, Kind::Environment);
  EXPECT_EQ(spec.version, "2.21");
  EXPECT_THAT(spec.packages, ElementsAre("tensorflow-cpu==2.21.*"));
  EXPECT_EQ(spec.label(), "tensorflow 2.21 (python 3.11)");
}

TEST(Catalogue, TakesTheGpuPackagesOnAGpuMachine) {
  Host host = host_with_python(11);
  host.gpus = true;
  const auto spec = Catalogue::builtin().resolve({"tensorflow", "2.21", {}}, host);
  EXPECT_THAT(spec.packages, ElementsAre("tensorflow[and-cuda]==2.21.*"));
}

TEST(Catalogue, UnderstandsTheWordsForVersions) {
  const Catalogue catalogue = Catalogue::builtin();
  const Host host = host_with_python(11);
  struct Case {
    const char* word;
    const char* version;
    const char* package;
  };
  for (const Case& c :
       {Case{"latest", "2.21", "tensorflow-cpu==2.21.*"},
        Case{"", "2.21", "tensorflow-cpu==2.21.*"}, Case{"2", "2.21", "tensorflow-cpu==2.21.*"},
        Case{"2.21.0", "2.21", "tensorflow-cpu==2.21.0"},
        Case{"2.20-py3", "2.20", "tensorflow-cpu==2.20.*"},
        Case{"latest-gpu-py3", "2.21", "tensorflow-cpu==2.21.*"},
        Case{"latest-py3", "2.21", "tensorflow-cpu==2.21.*"}}) {
    const auto spec = catalogue.resolve({"tensorflow", c.word, {}}, host);
    EXPECT_EQ(spec.version, c.version) << c.word;
    EXPECT_THAT(spec.packages, ElementsAre(c.package)) << c.word;
  }
}

TEST(Catalogue, ATenIsNotAOne) {
  const Host host = host_with_python(11);
  EXPECT_EQ(Catalogue::builtin().resolve({"pytorch", "2.1", {}}, host).version, "2.1");
  EXPECT_EQ(Catalogue::builtin().resolve({"pytorch", "2.10", {}}, host).version, "2.10");
}

TEST(Catalogue, UnknownNamesAreRefusedWithTheNearest) {
  const auto text = refusal({"tensorfow", "2.21", {}}, host_with_python(11));
  EXPECT_THAT(text, HasSubstr("unknown framework \"tensorfow\": did you mean tensorflow?"));
  EXPECT_THAT(text, HasSubstr("scikit-learn"));
}

TEST(Catalogue, UnknownVersionsAreRefusedWithWhatThereIs) {
  const auto text = refusal({"tensorflow", "1.2-py3", {}}, host_with_python(11));
  EXPECT_THAT(text, HasSubstr("framework tensorflow has no version \"1.2-py3\""));
  EXPECT_THAT(text, HasSubstr("2.21, 2.20"));
  EXPECT_THAT(refusal({"tensorflow", "1.5-py3-horovod", {}}, host_with_python(11)),
              HasSubstr("has no version"));
}

TEST(Catalogue, SaysWhatTheMachineLacks) {
  EXPECT_THAT(refusal({"tensorflow", "2.15", {}}, host_with_python(13)),
              HasSubstr("needs a python 3.9 to 3.11"));
  EXPECT_THAT(refusal({"tensorflow", "1.15", {}}, host_with_python(11)),
              HasSubstr("needs podman or docker"));
  EXPECT_THAT(refusal({"caffe", "system", {}}, host_with_python(11)),
              HasSubstr("the program caffe is not installed"));
  EXPECT_THAT(refusal({"custom", "me/image:1", {}}, host_with_python(11)),
              HasSubstr("me/image:1 needs podman or docker"));
}

TEST(Catalogue, ACustomFrameworkIsAnImage) {
  Host host = host_with_python(11);
  host.container = "podman";
  const auto spec = Catalogue::builtin().resolve({"custom", "me/image:1", {}}, host);
  EXPECT_EQ(spec.kind, Kind::Image);
  EXPECT_EQ(spec.image, "me/image:1");
  EXPECT_EQ(spec.container, "podman");
}

TEST(Catalogue, HostProgramsAreFound) {
  Host host = host_with_python(11);
  host.programs["th"] = "/usr/local/bin/th";
  EXPECT_EQ(Catalogue::builtin().resolve({"torch", "", {}}, host).program, "/usr/local/bin/th");
  EXPECT_EQ(Catalogue::builtin().resolve({"python", "system", {}}, host).program,
            "/usr/bin/python3");
  EXPECT_THAT(Catalogue::builtin().host_programs(), Contains("caffe"));
}

TEST(Catalogue, ListNamesAliasesAndReasons) {
  const auto list = Catalogue::builtin().list(host_with_python(11));
  const auto find = [&](const char* name, const char* version) {
    for (const auto& info : list) {
      if (info.name == name && info.version == version) return info;
    }
    return FrameworkInfo{};
  };
  EXPECT_TRUE(find("tensorflow", "2.21").usable);
  EXPECT_THAT(find("tensorflow", "2.21").aliases, ElementsAre("latest", "2"));
  EXPECT_TRUE(find("tensorflow", "2.20").aliases.empty());
  EXPECT_FALSE(find("caffe", "cpu").usable);
  EXPECT_EQ(find("caffe", "cpu").why_not, "needs podman or docker");
}

TEST(Catalogue, AnAddedFileReplacesAndExtends) {
  Catalogue catalogue = Catalogue::builtin();
  catalogue.add(R"(
frameworks:
  - name: tensorflow
    runtimes:
      - versions: ["2.21"]
        environment: {packages: ["tensorflow=={pin}", "our-plugin"]}
  - name: mine
    runtimes: [{versions: ["1"], host: python3}]
)",
                "site.yaml");
  const Host host = host_with_python(11);
  EXPECT_THAT(catalogue.resolve({"tensorflow", "2.21", {}}, host).packages,
              ElementsAre("tensorflow==2.21.*", "our-plugin"));
  EXPECT_EQ(catalogue.resolve({"tensorflow", "2.20", {}}, host).version, "2.20");
  EXPECT_EQ(catalogue.resolve({"mine", "latest", {}}, host).kind, Kind::Host);
}

TEST(Catalogue, ABadFileIsRefusedWithItsPlace) {
  const auto error = [](const char* yaml) -> std::string {
    try {
      parse_catalogue(yaml, "site.yaml");
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(error("frameworks:\n  - name: x\n    runtime: []\n"),
            "site.yaml:3:5: unknown key \"runtime\"; did you mean \"runtimes\"?");
  EXPECT_THAT(error("frameworks: [{name: x, runtimes: [{versions: [1]}]}]"),
              HasSubstr("exactly one of host, environment, image"));
  EXPECT_THAT(error("frameworks: ["), HasSubstr("site.yaml:1:"));
  EXPECT_THAT(
      error("frameworks: [{name: x, runtimes: [{versions: [1], environment: {python: x}}]}]"),
      HasSubstr("python must be like 3.10-3.13"));
}

TEST(RuntimeSpec, EqualContentsShareAnEnvironment) {
  const Host host = host_with_python(11);
  const Catalogue catalogue = Catalogue::builtin();
  const auto id = [&](const char* version) {
    return catalogue.resolve({"tensorflow", version, {}}, host).environment_id();
  };
  EXPECT_EQ(id("2.21"), id("latest"));
  EXPECT_NE(id("2.21"), id("2.20"));
  EXPECT_NE(id("2.21"), id("2.21.0"));
}

}  // namespace
}  // namespace trainyard::runtime
