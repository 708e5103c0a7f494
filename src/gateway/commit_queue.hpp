#pragma once
// The one writer of the index. Changes that wait at the same time share a transaction, and so one
// wait for the disk; each still happens whole or not at all, and is durable when run() returns.
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <vector>

#include "db/database.hpp"

namespace trainyard::gateway {

class CommitQueue {
 public:
  explicit CommitQueue(db::Connection connection);

  // Runs `change` once, on this or another caller's thread, in the order of the calls. What it
  // throws undoes its own work only and is thrown here. It must read its rows to their end.
  // Thread-safe; not to be called from within a change.
  using Change = std::function<void(db::Connection&)>;
  void run(const Change& change);

  // For whoever watches: callers that wait now, and transactions so far.
  std::size_t waiting();
  std::uint64_t transactions();

 private:
  struct Job {
    const Change* change;
    std::exception_ptr error;
    bool done = false;
  };
  void commit(const std::vector<Job*>& batch);
  void apply(Job& job);
  void undo(const Job& job);

  db::Connection connection_;  // of whoever leads
  std::mutex mutex_;
  std::condition_variable turn_;
  std::vector<Job*> waiting_;
  bool led_ = false;
  std::uint64_t transactions_ = 0;
};

}  // namespace trainyard::gateway
