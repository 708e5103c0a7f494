#include "learner/run_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "learner/test_files.hpp"

namespace trainyard::learner {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RunLogTest : public ::testing::Test {
 protected:
  std::vector<std::string> lines_of(std::string_view text, std::size_t count = 20) {
    put(file_, text);
    return last_lines(file_, count);
  }

  TempDir dir_;
  fs::path file_ = dir_.path() / "log";
  ManualClock clock_{*parse_time("2026-11-24T06:40:00.123Z")};
};

TEST_F(RunLogTest, AppendsToWhatAnEarlierProcessWrote) {
  int told = 0;
  RunLog(file_, clock_, {}).write("first\n");
  RunLog log(file_, clock_, [&] { ++told; });
  EXPECT_EQ(log.write("second\n"), 7u);
  log.line("third");
  EXPECT_EQ(read_file(file_), "first\nsecond\n2026-11-24T06:40:00.123Z third\n");
  EXPECT_EQ(told, 2);
}

TEST_F(RunLogTest, AnOwnLineEndsTheOneBeforeItOnlyWhereItIsOpen) {
  RunLog(file_, clock_, {}).write("no end");
  RunLog log(file_, clock_, {});
  EXPECT_EQ(log.own_line("one\n"), 4u);
  EXPECT_EQ(log.own_line("two\n"), 4u);
  log.write("open again");
  log.line("three");
  EXPECT_EQ(read_file(file_), "no end\none\ntwo\nopen again\n2026-11-24T06:40:00.123Z three\n");
}

TEST_F(RunLogTest, AnOwnLineStandsAtTheStartOfAnEmptyLog) {
  RunLog(file_, clock_, {}).own_line("one\n");
  EXPECT_EQ(read_file(file_), "one\n");
}

TEST_F(RunLogTest, SaysHowMuchOfItAFullDiskTook) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full here";
  RunLog log("/dev/full", clock_, {});
  EXPECT_EQ(log.write("text"), 0u);
  log.line("does not throw");
}

TEST_F(RunLogTest, CopiesTheEndOfAnotherFile) {
  put(dir_.path() / "build.log", "0123456789");
  RunLog log(file_, clock_, {});
  log.copy_tail(dir_.path() / "build.log", 4);
  log.copy_tail(dir_.path() / "missing", 4);
  log.copy_tail(dir_.path(), 4);
  EXPECT_EQ(read_file(file_), "6789");
}

TEST_F(RunLogTest, LastLinesAreTheLastOnesWithOrWithoutAnEnd) {
  EXPECT_THAT(lines_of("a\nb\nc\n", 2), ElementsAre("b", "c"));
  EXPECT_THAT(lines_of("a\nb\nc", 2), ElementsAre("b", "c"));
  EXPECT_THAT(lines_of(""), IsEmpty());
  EXPECT_THAT(last_lines(dir_.path() / "missing", 5), IsEmpty());
}

TEST_F(RunLogTest, AProgressBarCountsAsItsLastState) {
  EXPECT_THAT(lines_of("10%\r50%\r100%\r\ndone\r\n"), ElementsAre("100%", "done"));
}

TEST_F(RunLogTest, LastLinesArePrintableAndBounded) {
  EXPECT_THAT(lines_of("\x1b[31mred\n"), ElementsAre("\\x1b[31mred"));
  const auto lines = lines_of(std::string(200'000, 'x') + "\nlast\n");
  EXPECT_THAT(lines, ElementsAre("last"));
  const auto one = lines_of(std::string(200'000, 'x'));
  ASSERT_EQ(one.size(), 1u);
  EXPECT_LE(one[0].size(), 510u);
}

}  // namespace
}  // namespace trainyard::learner
