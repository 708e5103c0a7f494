#pragma once
// Writes of many threads, made durable together: while one transaction is being written to disk,
// those that come wait, and all of them go into the next. One fsync serves them all.
#include <exception>
#include <functional>
#include <vector>

#include "base/sync.hpp"
#include "db/database.hpp"

namespace trainyard::repository {

class GroupCommit {
 public:
  // Runs in a transaction, maybe on another caller's thread and beside other callers' works. What
  // throws is undone alone.
  using Work = std::function<void(db::Connection&)>;

  explicit GroupCommit(db::Connection connection) : connection_(std::move(connection)) {}

  // Returns when `work` is durable; throws what `work` threw, or why the transaction failed.
  // Thread-safe; not from within a work.
  void run(const Work& work);

 private:
  struct Ticket {
    const Work& work;
    bool done = false;
    std::exception_ptr error = nullptr;
    std::condition_variable turn = {};  // done, or first in line
  };
  struct Line {
    std::vector<Ticket*> waiting;
    bool writing = false;  // a leader uses the connection
  };

  void lead(Sync<Line>::Locked& line);
  void commit(const std::vector<Ticket*>& batch) noexcept;

  Sync<Line> line_;
  db::Connection connection_;  // the leader's alone
};

}  // namespace trainyard::repository
