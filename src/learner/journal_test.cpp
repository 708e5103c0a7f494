#include "learner/journal.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/files.hpp"
#include "learner/test_files.hpp"

namespace trainyard::learner {
namespace {

const TimePoint kStart = *parse_time("2026-11-24T06:40:00.123Z");

wire::Report::Item item(const model::Event& event, Milliseconds after = {}) {
  return {kStart + after, event};
}

class JournalTest : public ::testing::Test {
 protected:
  // Two events in the file, and then `more`.
  void write(std::string_view more) {
    {
      Journal journal(file_);
      journal.append(item(model::StagingStarted{2}));
      journal.append(item(model::TrainingStarted{2}, Milliseconds(5)));
    }
    put(file_, read_file(file_) + std::string(more));
  }

  TempDir dir_;
  fs::path file_ = dir_.path() / "journal";
};

TEST_F(JournalTest, IsReadBackByTheNextProcess) {
  write("");
  Journal journal(file_);
  ASSERT_EQ(journal.size(), 2u);
  const auto items = journal.from(2);
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].at, kStart + Milliseconds(5));
  EXPECT_EQ(items[0].event, model::Event(model::TrainingStarted{2}));
  EXPECT_TRUE(journal.from(3).empty());
}

TEST_F(JournalTest, ATornLineCountsAsNotWritten) {
  for (const char* torn : {"2026-11-24T06:40", "2026-11-24T06:40:01.000Z {\"type\":\"fin"}) {
    write(torn);
    {
      Journal journal(file_);
      EXPECT_EQ(journal.size(), 2u);
      journal.append(item(model::TrainingEnded{2, 3}));
    }
    Journal journal(file_);
    ASSERT_EQ(journal.size(), 3u);
    EXPECT_EQ(journal.from(3)[0].event, model::Event(model::TrainingEnded{2, 3}));
    fs::remove(file_);
  }
}

TEST_F(JournalTest, NothingIsTakenFromBehindADamagedLine) {
  write("garbage\n2026-11-24T06:40:01.000Z {}\n");
  Journal journal(file_);
  EXPECT_EQ(journal.size(), 2u);
  journal.append(item(model::StoringStarted{2}));
  EXPECT_EQ(Journal(file_).size(), 3u);
}

// As if the disk were full, while it lives.
class NoMoreBytes {
 public:
  explicit NoMoreBytes(std::uint64_t size) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{size, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  NoMoreBytes(const NoMoreBytes&) = delete;
  ~NoMoreBytes() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(JournalTest, AFullDiskLosesNothing) {
  Journal journal(file_);
  journal.append(item(model::StagingStarted{1}));
  {
    const NoMoreBytes full(fs::file_size(file_) + 10);
    journal.append(item(model::TrainingStarted{1}));
    EXPECT_EQ(journal.from(2).size(), 1u);
    EXPECT_EQ(Journal(file_).size(), 1u);
  }
  journal.append(item(model::TrainingEnded{1, 0}));
  const auto items = Journal(file_).from(1);
  ASSERT_EQ(items.size(), 3u);
  EXPECT_EQ(items[1].event, model::Event(model::TrainingStarted{1}));
}

}  // namespace
}  // namespace trainyard::learner
