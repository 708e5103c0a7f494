#include <gmock/gmock.h>

#include "base/process.hpp"
#include "cli/cli_testing.hpp"
#include "cli/command.hpp"

namespace trainyard::cli {
namespace {

using testing::HasSubstr;

// What bash offers for the words of a line, the last of which is being typed.
std::string offered(const std::string& function, const std::string& words) {
  const auto script = completion_script("bash") +
                      "\ntrainyard() { echo training-a; echo training-b; }\nCOMP_WORDS=(" + words +
                      ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n" + function +
                      "\necho \"${COMPREPLY[*]}\"\n";
  SystemProcessRunner runner;
  const auto done = runner.run({.argv = {"bash", "-u", "-c", script}});
  EXPECT_TRUE(done.status.ok()) << done.out;
  return done.out;
}

TEST(Completion, BashOffersCommandsOptionsChoicesAndIds) {
  EXPECT_EQ(offered("_trainyard", "trainyard ca"), "cancel\n");
  EXPECT_EQ(offered("_trainyard", "trainyard list --"), "--quiet --json --state-dir\n");
  EXPECT_EQ(offered("_trainyard", "trainyard show train"), "training-a training-b\n");
  EXPECT_EQ(offered("_trainyard", "trainyard completion z"), "zsh\n");
  EXPECT_EQ(offered("_trainyard", "trainyard validate ''"), "\n");  // files, by bash itself
  EXPECT_EQ(offered("_trainyard_bx", "bx ''"), "ml\n");
  EXPECT_EQ(offered("_trainyard_bx", "bx ml mon"), "monitor\n");
  EXPECT_EQ(offered("_trainyard_bx", "bx ml list tra"),
            "training-runs trained-models training-definitions\n");
  EXPECT_EQ(offered("_trainyard_bx", "bx ml show training-runs training-b"), "training-b\n");
}

// zsh and fish check their own scripts where they are installed.
void expect_accepted_by(const std::string& shell) {
  if (!find_program(shell)) GTEST_SKIP() << shell << " is not installed";
  SystemProcessRunner runner;
  const auto done = runner.run({.argv = {shell, "-n"}, .input = completion_script(shell)});
  EXPECT_TRUE(done.status.ok()) << done.out;
}

TEST(Completion, ZshTakesItsScript) { expect_accepted_by("zsh"); }
TEST(Completion, FishTakesItsScript) { expect_accepted_by("fish"); }

TEST(Completion, EveryCommandIsInEveryScript) {
  for (const auto* shell : {"bash", "zsh", "fish"}) {
    const auto script = completion_script(shell);
    for (const auto& command : commands(Face::Trainyard)) {
      EXPECT_THAT(script, HasSubstr(std::string(command.name))) << shell;
    }
  }
}

class CompletionCommand : public CliTest {};

TEST_F(CompletionCommand, AnotherShellIsRefused) {
  EXPECT_EQ(trainyard({"completion", "bash"}).out, completion_script("bash"));
  const auto done = trainyard({"completion", "csh"});
  EXPECT_EQ(done.code, kBadInput);
  EXPECT_THAT(done.err, HasSubstr("bash, zsh and fish"));
}

}  // namespace
}  // namespace trainyard::cli
