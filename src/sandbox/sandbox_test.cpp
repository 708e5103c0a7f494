#include "sandbox/sandbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "base/files.hpp"
#include "base/strings.hpp"

namespace trainyard::sandbox {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<RootEntry> kRoot = {{"bin", "usr/bin"}, {"etc", ""}, {"home", ""}, {"usr", ""}};

std::string command_text(const Spec& spec) { return join(bubblewrap_command(spec, kRoot), " "); }

TEST(Sandbox, SharesTheSystemAndNotPeoplesFiles) {
  const auto text = command_text({.argv = {"true"}, .cwd = "/job"});
  EXPECT_THAT(text, HasSubstr("--ro-bind /usr /usr"));
  EXPECT_THAT(text, HasSubstr("--symlink usr/bin /bin"));
  EXPECT_THAT(text, Not(HasSubstr("/home")));
  EXPECT_THAT(text, HasSubstr("--unshare-pid --unshare-ipc"));
  EXPECT_THAT(text, HasSubstr("--chdir /job -- true"));
}

TEST(Sandbox, HidesBeforeItMounts) {
  const auto text = command_text({.argv = {"true"},
                                  .cwd = "/",
                                  .mounts = {{"/state/env", "/state/env", Access::ReadOnly},
                                             {"/state/runs/1/out", "/out", Access::ReadWrite}},
                                  .hidden = {"/state"}});
  EXPECT_LT(text.find("--tmpfs /state"), text.find("--ro-bind /state/env /state/env"));
  EXPECT_THAT(text, HasSubstr("--bind /state/runs/1/out /out"));
}

TEST(Sandbox, AUserIsBecomeWithoutAnyCapability) {
  const auto text = command_text({.argv = {"id"}, .cwd = "/", .user = User{65534, 65534}});
  EXPECT_THAT(text, HasSubstr("-- setpriv --reuid 65534 --regid 65534 --clear-groups"));
  EXPECT_THAT(text, HasSubstr("--no-new-privs id"));
}

class RealSandbox : public ::testing::Test {
 protected:
  void SetUp() override {
    const Support support = probe_bubblewrap(runner_);
    if (!support.works) GTEST_SKIP() << support.reason;
    if (::geteuid() == 0) user_ = User{65534, 65534};
    make_private_dir(dir_.path() / "state");
    write_file_atomic(dir_.path() / "state/secret", "hidden", 0644);
    make_private_dir(dir_.path() / "data");
    fs::permissions(dir_.path() / "data", fs::perms(0755));
    write_file_atomic(dir_.path() / "data/x", "data", 0644);
    make_private_dir(dir_.path() / "out");
    if (user_) {
      ASSERT_EQ(::chown((dir_.path() / "out").c_str(), user_->uid, user_->gid), 0);
    }
  }

  Captured run(const std::string& script) {
    const Spec spec{.argv = {"sh", "-c", script},
                    .cwd = "/mnt/out",
                    .mounts = {{dir_.path() / "data", "/mnt/data", Access::ReadOnly},
                               {dir_.path() / "out", "/mnt/out", Access::ReadWrite}},
                    .hidden = {dir_.path() / "state"},
                    .devices = {},
                    .user = user_};
    return runner_.run({.argv = bubblewrap_command(spec, list_root())});
  }

  SystemProcessRunner runner_;
  TempDir dir_;
  std::optional<User> user_;
};

TEST_F(RealSandbox, TheCommandWritesItsResultsAndReadsItsData) {
  const auto result = run("cat /mnt/data/x > result && cat result");
  EXPECT_TRUE(result.status.ok()) << result.out;
  EXPECT_EQ(result.out, "data");
  EXPECT_EQ(read_file(dir_.path() / "out/result"), "data");
}

TEST_F(RealSandbox, DataCannotBeChanged) {
  EXPECT_FALSE(run("echo changed > /mnt/data/x").status.ok());
  EXPECT_EQ(read_file(dir_.path() / "data/x"), "data");
}

TEST_F(RealSandbox, TheServicesFilesCannotBeSeen) {
  const std::string secret = (dir_.path() / "state/secret").string();
  EXPECT_FALSE(run("cat " + shell_quote(secret)).status.ok());
  EXPECT_FALSE(run("cat /etc/shadow").status.ok());
}

TEST_F(RealSandbox, OtherProcessesCannotBeSeen) {
  const auto result = run("ls /proc | grep -c '^[0-9]'");
  EXPECT_TRUE(result.status.ok());
  EXPECT_LT(parse_u64(trim(result.out)).value_or(1000), 6u) << result.out;
}

TEST_F(RealSandbox, TheCommandIsNotRoot) {
  if (!user_) GTEST_SKIP() << "not root outside either";
  EXPECT_EQ(trim(run("id -u").out), "65534");
  EXPECT_FALSE(run("chown 0 /mnt/out").status.ok());
}

}  // namespace
}  // namespace trainyard::sandbox
