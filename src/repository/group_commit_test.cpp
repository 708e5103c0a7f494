#include "repository/group_commit.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/files.hpp"
#include "repository/sample_records.hpp"

namespace trainyard::repository {
namespace {

class GroupCommitTest : public testing::Test {
 protected:
  GroupCommitTest() {
    commits_.run([](db::Connection& c) { c.execute("CREATE TABLE t (n INTEGER PRIMARY KEY)"); });
  }

  static GroupCommit::Work insert(std::int64_t n) {
    return [n](db::Connection& c) { c.prepare("INSERT INTO t VALUES (?)").bind(1, n).run(); };
  }

  // What another connection sees.
  std::int64_t sum() {
    db::Connection other({.path = path_, .read_only = true});
    db::Statement& query = other.prepare("SELECT total(n) FROM t");
    query.step();
    return query.integer(0);
  }

  TempDir dir_{"trainyard-", fast_directory()};
  fs::path path_ = dir_.path() / "db";
  GroupCommit commits_{db::Connection({.path = path_, .durability = db::Durability::Normal})};
};

TEST_F(GroupCommitTest, WhatReturnedIsCommitted) {
  commits_.run(insert(3));
  EXPECT_EQ(sum(), 3);
}

TEST_F(GroupCommitTest, AWorkThatThrowsIsUndoneAndTellsItsCaller) {
  const auto broken = [](db::Connection& c) {
    insert(5)(c);
    throw Error(ErrorKind::Conflict, "not like this");
  };
  try {
    commits_.run(broken);
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "not like this");
  }
  EXPECT_EQ(sum(), 0);
  commits_.run(insert(1));
  EXPECT_EQ(sum(), 1);
}

TEST_F(GroupCommitTest, ThoseWhoComeDuringAWriteGoTogetherAndFailAlone) {
  std::atomic<int> arrived = 0;
  std::atomic<int> failed = 0;
  std::atomic<int> transactions = 0;
  std::atomic<bool> leading = false;
  std::jthread first([&] {
    commits_.run([&](db::Connection& c) {
      insert(1)(c);
      leading = true;
      while (arrived < 10) std::this_thread::yield();  // the others stand in line, or will at once
    });
  });
  while (!leading) std::this_thread::yield();  // or one of the others could insert 1 first
  {
    std::vector<std::jthread> others;
    for (int n = 0; n < 10; ++n) {
      others.emplace_back([&, n] {
        ++arrived;
        try {
          commits_.run([&](db::Connection& c) {
            insert(n == 7 ? 1 : 10 + n)(c);  // 1 is there already
            ++transactions;
          });
        } catch (const Error& e) {
          EXPECT_EQ(e.kind(), ErrorKind::Conflict);
          ++failed;
        }
      });
    }
  }
  first.join();
  EXPECT_EQ(failed, 1);
  EXPECT_EQ(transactions, 9);
  EXPECT_EQ(sum(), 1 + 10 * 10 + 45 - 17);
}

TEST_F(GroupCommitTest, ATransactionThatIsLostIsSaidToAllThatWereInIt) {
  int failed_together = 0;
  std::int64_t expected = 0;
  for (std::int64_t n = 1; n <= 50; ++n) {
    std::atomic<bool> leading = false;
    std::atomic<int> arrived = 0;
    std::jthread leader([&] {
      commits_.run([&](db::Connection&) {
        leading = true;
        while (arrived < 2) std::this_thread::yield();
      });
    });
    while (!leading) std::this_thread::yield();
    std::jthread loser([&] {
      ++arrived;
      EXPECT_THROW(commits_.run([](db::Connection& c) {
        c.execute("ROLLBACK");  // as SQLite does by itself on a full disk
        throw Error(ErrorKind::Exhausted, "disk full");
      }),
                   Error);
    });
    ++arrived;
    try {
      commits_.run(insert(n));
      expected += n;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::Exhausted) << e.what();
      ++failed_together;
    }
    leader.join();
    loser.join();
    ASSERT_EQ(sum(), expected) << "what failed is not there, what did not is";
  }
  EXPECT_GT(failed_together, 0) << "never were both in one transaction";
}

TEST_F(GroupCommitTest, ManyThreadsLoseNothing) {
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 50; ++i) commits_.run(insert(thread * 1000 + i));
    });
  }
  threads.clear();
  EXPECT_EQ(sum(), 8 * (49 * 50 / 2) + 50 * 1000 * 28);
}

}  // namespace
}  // namespace trainyard::repository
