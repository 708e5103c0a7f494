#include "gateway/commit_queue.hpp"

#include <utility>

namespace trainyard::gateway {

CommitQueue::CommitQueue(db::Connection connection) : connection_(std::move(connection)) {}

// Who finds nobody leading leads: takes all that wait, commits them together, wakes them.
void CommitQueue::run(const Change& change) {
  Job job{&change, nullptr};
  std::unique_lock lock(mutex_);
  waiting_.push_back(&job);
  turn_.wait(lock, [&] { return job.done || !led_; });
  if (!job.done) {
    led_ = true;
    const std::vector<Job*> batch = std::exchange(waiting_, {});
    lock.unlock();
    commit(batch);
    lock.lock();
    for (Job* done : batch) done->done = true;
    led_ = false;
    ++transactions_;
    turn_.notify_all();
  }
  if (job.error) std::rethrow_exception(job.error);
}

std::size_t CommitQueue::waiting() {
  std::scoped_lock lock(mutex_);
  return waiting_.size();
}

std::uint64_t CommitQueue::transactions() {
  std::scoped_lock lock(mutex_);
  return transactions_;
}

void CommitQueue::commit(const std::vector<Job*>& batch) {
  try {
    db::Transaction transaction(connection_);
    for (Job* job : batch) apply(*job);
    transaction.commit();
  } catch (...) {
    for (Job* job : batch) {
      if (!job->error) job->error = std::current_exception();
    }
  }
}

// A savepoint around each change keeps its failure to itself. Where SQLite had to roll everything
// back (a full disk) there is no savepoint left, and the failure is everybody's.
void CommitQueue::apply(Job& job) {
  connection_.execute("SAVEPOINT change");
  try {
    (*job.change)(connection_);
  } catch (...) {
    job.error = std::current_exception();
    undo(job);
  }
  connection_.execute("RELEASE change");
}

void CommitQueue::undo(const Job& job) {
  try {
    connection_.execute("ROLLBACK TO change");
  } catch (const Error&) {
    std::rethrow_exception(job.error);
  }
}

}  // namespace trainyard::gateway
