#include "main/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "main/identity.hpp"
#include "main/learner_settings.hpp"

namespace trainyard {
namespace {

using ::testing::HasSubstr;

Config load(std::vector<std::string> args, const Environment& env = {}) {
  return load_config(args, env);
}
std::string refusal(std::vector<std::string> args, const Environment& env = {}) {
  try {
    load_config(args, env);
  } catch (const Error& e) {
    return e.what();
  }
  return "taken";
}

TEST(Config, DefaultsAreLoopbackAndSevenDays) {
  const Config config = load({});
  EXPECT_EQ(config.listen.host, "127.0.0.1");
  EXPECT_EQ(config.listen.port, 7331);
  EXPECT_EQ(config.store_listen.port, 7332);
  EXPECT_EQ(config.retention, std::chrono::hours(7 * 24));
  EXPECT_FALSE(config.echo_secrets);
}

TEST(Config, AFlagWinsOverTheEnvironmentAndThatOverTheFile) {
  const TempDir dir;
  const std::string file = (dir.path() / "yard.yaml").string();
  write_file_atomic(file, "user: file\nretention: 1d\ncancel_grace: 5s\n");
  const Config config = load({"--config", file, "--user=flag"},
                             {{"TRAINYARD_USER", "env"}, {"TRAINYARD_RETENTION", "2h"}});
  EXPECT_EQ(config.user, "flag");
  EXPECT_EQ(config.retention, std::chrono::hours(2));
  EXPECT_EQ(config.cancel_grace, std::chrono::seconds(5));
}

TEST(Config, MistakesAreNamedWithTheirPlace) {
  const TempDir dir;
  const std::string file = (dir.path() / "yard.yaml").string();
  write_file_atomic(file, "user: x\nretenton: 1d\n");
  EXPECT_THAT(refusal({"--config", file}),
              HasSubstr("yard.yaml:2: unknown setting retenton; did you mean retention?"));
  write_file_atomic(file, "retention: soon\n");
  EXPECT_THAT(refusal({"--config", file}), HasSubstr("yard.yaml:1: retention: \"soon\" is not a"));
  EXPECT_THAT(refusal({"--lisen", "x"}), HasSubstr("did you mean --listen?"));
  EXPECT_THAT(refusal({"--listen"}), HasSubstr("--listen needs a value"));
  EXPECT_THAT(refusal({"--listen", "7331"}), HasSubstr("--listen: \"7331\" is not HOST:PORT"));
  EXPECT_THAT(refusal({}, {{"TRAINYARD_CPU_SLOTS", "many"}}), HasSubstr("TRAINYARD_CPU_SLOTS: "));
  EXPECT_THAT(refusal({"--config", ""}), HasSubstr("--config: \"\" is not a path"));
  EXPECT_THAT(refusal({"--ca-file="}), HasSubstr("--ca-file: \"\" is not a path; leave"));
  write_file_atomic(file, "user: x\ntls_key: \"\"\n");
  EXPECT_THAT(refusal({"--config", file}), HasSubstr("yard.yaml:2: tls_key: \"\" is not a path"));
}

TEST(Config, APublicHostIsANameOrAnAddress) {
  for (const char* host : {"train.example.org", "10.0.0.1", "fd00::1"}) {
    EXPECT_EQ(load({"--public-host", host}).public_host, host);
  }
  for (const char* wrong : {"", "https://h", "h:7331", "h/path", "a b", "[::1]"}) {
    EXPECT_THAT(refusal({"--public-host", wrong}), HasSubstr("the name or address of a host"));
  }
}

TEST(Config, HelpAndPageNameEverySetting) {
  for (const Setting& setting : settings()) {
    EXPECT_THAT(configuration_page(), HasSubstr("| `" + std::string(setting.name) + "` |"));
    EXPECT_THAT(serve_help(), HasSubstr(std::string(setting.help)));
  }
}

TEST(Config, TheStateDirectoryIsFoundByTheSameRuleEverywhere) {
  EXPECT_EQ(default_state_dir({{"TRAINYARD_STATE_DIR", "/x"}}), "/x");
  EXPECT_EQ(load({}, {{"TRAINYARD_STATE_DIR", "/x"}}).state_dir, "/x");
  if (::geteuid() == 0) return;  // root's is fixed
  EXPECT_EQ(default_state_dir({{"HOME", "/h"}}), "/h/.local/state/trainyard");
  EXPECT_EQ(default_state_dir({{"HOME", "/h"}, {"XDG_STATE_HOME", "/s"}}), "/s/trainyard");
  const passwd* user = ::getpwuid(::geteuid());
  if (!user) return;
  EXPECT_EQ(default_state_dir({}), fs::path(user->pw_dir) / ".local/state/trainyard");
}

TEST(Identity, IsMadeOnceAndPrivate) {
  const TempDir dir;
  const auto first = load_identity(dir.path(), "ann", TimePoint{});
  const auto second = load_identity(dir.path(), "bob", TimePoint{});
  EXPECT_EQ(second.user, "ann");
  EXPECT_TRUE(first.password == second.password);
  EXPECT_TRUE(first.signing_key == second.signing_key);
  EXPECT_EQ(fs::status(dir.path() / "identity.json").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  write_file_atomic(dir.path() / "identity.json", "{}");
  EXPECT_THROW(load_identity(dir.path(), "ann", TimePoint{}), Error);
}

TEST(ClientFile, RoundTripsAndIsQuotedForAShell) {
  const TempDir dir;
  EXPECT_THROW(read_client_file(dir.path()), Error);
  write_client_file(dir.path(), {.url = "http://h:1",
                                 .store_url = "http://h:2",
                                 .region = "r",
                                 .user = "o'ann",
                                 .password = Secret("p"),
                                 .instance_id = "i",
                                 .access_key = "a",
                                 .secret_key = Secret("s"),
                                 .ca_file = "/our ca.pem"});
  const auto lines = export_lines(read_client_file(dir.path()));
  EXPECT_THAT(lines, HasSubstr("export ML_ENV='http://h:1'\nexport ML_USERNAME='o'\\''ann'\n"));
  EXPECT_THAT(lines, HasSubstr("export AWS_SECRET_ACCESS_KEY='s'\nexport AWS_DEFAULT_REGION='r'\n"
                               "export AWS_CA_BUNDLE='/our ca.pem'\n"));
}

TEST(LearnerSettings, RoundTrip) {
  const TempDir dir;
  write_learner_settings(dir.path(), {.state_directory = "/s",
                                      .cache_directory = "/c",
                                      .cache_bytes = 5,
                                      .keep_free = 6,
                                      .ca_file = "",
                                      .sandboxed = true,
                                      .user_id = 7,
                                      .group_id = 8});
  const auto read = read_learner_settings(dir.path());
  EXPECT_EQ(read.state_directory, "/s");
  EXPECT_EQ(read.cache_bytes, 5u);
  EXPECT_EQ(read.keep_free, 6u);
  EXPECT_TRUE(read.sandboxed);
  EXPECT_EQ(read.group_id, 8u);
}

}  // namespace
}  // namespace trainyard
