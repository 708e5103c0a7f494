#include "learner/outcome_record.hpp"

#include <gtest/gtest.h>

#include "base/files.hpp"
#include "learner/test_files.hpp"

namespace trainyard::learner {
namespace {

const model::Finished kFailed{.attempt = 2,
                              .outcome = model::RunState::Error,
                              .verdict = model::Verdict{.code = "C201",
                                                        .kind = "exit_code",
                                                        .message = "it failed\nbadly",
                                                        .exit_code = 3,
                                                        .last_lines = {"a", "b"}}};

class OutcomeRecordTest : public ::testing::Test {
 protected:
  TempDir dir_;
  fs::path file_ = dir_.path() / "outcome";
  OutcomeRecord record_{file_, "boot-1"};
};

TEST_F(OutcomeRecordTest, IsReadByTheNextProcess) {
  EXPECT_EQ(record_.load(), std::nullopt);
  record_.save({.attempt = 1, .outcome = model::RunState::Completed, .verdict = {}});
  record_.save(kFailed);
  EXPECT_EQ(OutcomeRecord(file_, "boot-1").load(), kFailed);
}

TEST_F(OutcomeRecordTest, CountsAfterARestartOfTheMachineOnlyWhenItWasMadeDurable) {
  record_.save(kFailed);
  EXPECT_EQ(OutcomeRecord(file_, "boot-2").load(), std::nullopt);
  record_.make_durable();
  EXPECT_EQ(OutcomeRecord(file_, "boot-2").load(), kFailed);
  EXPECT_EQ(record_.load(), kFailed);
}

TEST_F(OutcomeRecordTest, OneThatCannotBeReadDoesNotCount) {
  for (const char* text : {"", "boot-1", "boot-1\n{\"type\":", "boot-1\n{}"}) {
    put(file_, text);
    EXPECT_EQ(record_.load(), std::nullopt) << text;
  }
}

TEST_F(OutcomeRecordTest, MakingNothingDurableIsFine) {
  record_.make_durable();
  EXPECT_FALSE(fs::exists(file_));
}

}  // namespace
}  // namespace trainyard::learner
