#include "accounts/audit_log.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/files.hpp"

namespace trainyard::accounts {
namespace {

using ::testing::HasSubstr;

wire::AuditEntry entry(const std::string& actor) {
  return {.at = TimePoint(),
          .actor = actor,
          .credential = "session",
          .peer = "127.0.0.1:1",
          .action = "DELETE /v3/models/{id}",
          .target = "/v3/models/training-1",
          .change = "",
          .status = 204,
          .request_id = "r1"};
}

class AuditLogTest : public ::testing::Test {
 protected:
  TempDir dir_;
  const fs::path path_ = dir_.path() / "audit.log";
};

TEST_F(AuditLogTest, GoesOnWhereItStoodAndShowsTheLastLines) {
  open_audit_log({.path = path_})->append(entry("ann"));
  const auto log = open_audit_log({.path = path_});
  log->append(entry("bob"));
  log->append(entry("cy\n\"d"));
  const auto lines = log->last(2);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], HasSubstr(R"("actor":"bob","credential":"session")"));
  EXPECT_THAT(lines[1], HasSubstr(R"("actor":"cy\n\"d")"));
  EXPECT_EQ(log->last(100).size(), 3u);
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(AuditLogTest, TurnsAFullFileOverAndKeepsAFewOfThem) {
  const auto log = open_audit_log({.path = path_, .full_at = 400, .kept = 2});
  for (int i = 0; i < 9; ++i) log->append(entry("user" + std::to_string(i)));
  EXPECT_THAT(read_file(path_), HasSubstr("user8"));
  EXPECT_TRUE(fs::exists(path_.string() + ".1"));
  EXPECT_TRUE(fs::exists(path_.string() + ".2"));
  EXPECT_FALSE(fs::exists(path_.string() + ".3"));
  EXPECT_LE(fs::file_size(path_.string() + ".1"), 400u);
}

}  // namespace
}  // namespace trainyard::accounts
