#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/process.hpp"

namespace trainyard {
namespace {

ProcessIdentity ourselves() { return ProcessIdentity::of(::getpid()).value(); }

TEST(ProcessIdentity, OfOurselvesIsAlive) {
  const ProcessIdentity identity = ourselves();
  EXPECT_EQ(identity.pid, ::getpid());
  EXPECT_EQ(identity.boot_id, boot_id());
  EXPECT_EQ(boot_id().size(), 36u);
  EXPECT_GT(identity.start_ticks, 0u);
  EXPECT_TRUE(identity.alive());
}

TEST(ProcessIdentity, LaterProcessWithTheSamePidIsNotIt) {
  ProcessIdentity identity = ourselves();
  identity.start_ticks -= 1;
  EXPECT_FALSE(identity.alive());
}

TEST(ProcessIdentity, OfAnotherBootIsNotAlive) {
  ProcessIdentity identity = ourselves();
  identity.boot_id = "00000000-0000-0000-0000-000000000000";
  EXPECT_FALSE(identity.alive());
}

TEST(ProcessIdentity, EndsWithItsProcess) {
  SpawnOptions options;
  options.argv = {"true"};
  std::optional<Process> process = Process::spawn(options);
  const auto identity = ProcessIdentity::of(process->pid());
  ASSERT_TRUE(identity);
  process->wait();
  EXPECT_FALSE(identity->alive());  // still a zombie
  process.reset();
  EXPECT_FALSE(identity->alive());
  EXPECT_FALSE(ProcessIdentity::of(identity->pid));
}

TEST(ProcessIdentity, ThereIsNoneWithoutAProcess) {
  EXPECT_FALSE(ProcessIdentity::of(0));
  EXPECT_FALSE(ProcessIdentity::of(-1));
  EXPECT_FALSE(ProcessIdentity::of(0x7fffffff));
}

// The name stands in the middle of /proc/<pid>/stat and may hold anything.
TEST(ProcessIdentity, ReadsNamesWithSpacesAndParentheses) {
  const ProcessIdentity before = ourselves();
  char name[16];
  ::prctl(PR_GET_NAME, name);
  ::prctl(PR_SET_NAME, "a) Z 1 (b) 2");
  const auto renamed = ProcessIdentity::of(::getpid());
  const bool alive = before.alive();
  ::prctl(PR_SET_NAME, name);
  EXPECT_EQ(renamed, before);
  EXPECT_TRUE(alive);
}

TEST(ProcessIdentity, GoesThroughText) {
  const ProcessIdentity identity{"0a1b-2c", 42, 18'446'744'073'709'551'615u};
  EXPECT_EQ(identity.to_string(), "0a1b-2c:42:18446744073709551615");
  EXPECT_EQ(ProcessIdentity::parse(identity.to_string()), identity);
}

TEST(ProcessIdentity, RefusesOtherText) {
  for (const char* text : {"", "boot", "boot:1", ":1:2", "boot:0:2", "boot:-1:2", "boot:1:-2",
                           "boot:1:2:3", "boot:2147483648:1", "boot:x:1", "boot: 1:2"}) {
    EXPECT_FALSE(ProcessIdentity::parse(text)) << text;
  }
}

}  // namespace
}  // namespace trainyard
