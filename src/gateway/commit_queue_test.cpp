#include "gateway/commit_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/files.hpp"
#include "gateway/s3_error.hpp"

namespace trainyard::gateway {
namespace {

class CommitQueueTest : public testing::Test {
 protected:
  db::Connection open() { return db::Connection({.path = path}); }
  CommitQueueTest() { open().execute("CREATE TABLE t(a INTEGER PRIMARY KEY)"); }
  static void insert(db::Connection& db, std::int64_t a) {
    db.prepare("INSERT INTO t VALUES (?)").bind(1, a).run();
  }
  std::int64_t count() {
    db::Connection connection = open();
    db::Statement& row = connection.prepare("SELECT count(*) FROM t");
    row.step();
    return row.integer(0);
  }

  TempDir dir;
  fs::path path = dir.path() / "db";
};

TEST_F(CommitQueueTest, ChangeIsThereWhenRunReturns) {
  CommitQueue queue(open());
  queue.run([](db::Connection& db) { insert(db, 1); });
  EXPECT_EQ(count(), 1);
}

TEST_F(CommitQueueTest, FailedChangeLeavesNothingAndThrowsItsError) {
  CommitQueue queue(open());
  EXPECT_THROW(queue.run([](db::Connection& db) {
    insert(db, 1);
    throw S3Error(S3Code::NoSuchKey);
  }),
               S3Error);
  EXPECT_EQ(count(), 0);
  queue.run([](db::Connection& db) { insert(db, 1); });
  EXPECT_EQ(count(), 1);
}

TEST_F(CommitQueueTest, ManyCallersAtOnceEachGetTheirOwnOutcome) {
  CommitQueue queue(open());
  std::atomic<int> failures = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 50; ++i) {
          try {
            queue.run([&](db::Connection& db) {
              insert(db, t * 1000 + i);
              if (i % 5 == 0) throw S3Error(S3Code::PreconditionFailed);
            });
          } catch (const S3Error&) {
            ++failures;
          }
        }
      });
    }
  }
  EXPECT_EQ(failures, 8 * 10);
  EXPECT_EQ(count(), 8 * 40);
}

// While one transaction is being made, the next callers gather; they share the one after it.
TEST_F(CommitQueueTest, CallersThatWaitShareATransaction) {
  CommitQueue queue(open());
  std::atomic<bool> leading = false, go_on = false;
  std::jthread leader([&] {
    queue.run([&](db::Connection& db) {
      insert(db, 0);
      leading = true;
      go_on.wait(false);
    });
  });
  while (!leading) std::this_thread::yield();
  std::atomic<int> inside = 0, most = 0;
  std::vector<std::jthread> followers;
  for (int i = 1; i <= 4; ++i) {
    followers.emplace_back([&, i] {
      queue.run([&, i](db::Connection& db) {
        insert(db, i);
        if (++inside > most) most = inside.load();
      });
    });
  }
  while (queue.waiting() < 4) std::this_thread::yield();
  go_on = true;
  go_on.notify_all();
  followers.clear();
  leader.join();
  EXPECT_EQ(most, 4);
  EXPECT_EQ(queue.transactions(), 2u);
  EXPECT_EQ(count(), 5);
}

}  // namespace
}  // namespace trainyard::gateway
