#include "repository/group_commit.hpp"

#include <utility>

namespace trainyard::repository {
namespace {

void run_alone(db::Connection& connection, const GroupCommit::Work& work) {
  connection.execute("SAVEPOINT work");
  work(connection);
  connection.execute("RELEASE work");
}

// False when the whole transaction is gone: SQLite ends it by itself when the disk is full.
bool undo_alone(db::Connection& connection) noexcept {
  try {
    connection.execute("ROLLBACK TO work; RELEASE work");
    return true;
  } catch (const Error&) {
    return false;
  }
}

// A copy for each caller: each may add its own context to it.
std::exception_ptr copy_of_current() {
  try {
    throw;
  } catch (const Error& e) {
    return std::make_exception_ptr(e);
  } catch (...) {
    return std::current_exception();
  }
}

}  // namespace

void GroupCommit::run(const Work& work) {
  Ticket ticket{.work = work};
  auto line = line_.lock();
  line->waiting.push_back(&ticket);
  ticket.turn.wait(line.guard(), [&] {
    return ticket.done || (!line->writing && line->waiting.front() == &ticket);
  });
  if (!ticket.done) lead(line);
  if (ticket.error) std::rethrow_exception(ticket.error);
}

void GroupCommit::lead(Sync<Line>::Locked& line) {
  const std::vector<Ticket*> batch = std::exchange(line->waiting, {});
  line->writing = true;
  line.guard().unlock();
  commit(batch);
  line.guard().lock();
  line->writing = false;
  for (Ticket* ticket : batch) {
    ticket->done = true;
    ticket->turn.notify_one();
  }
  if (!line->waiting.empty()) line->waiting.front()->turn.notify_one();
}

void GroupCommit::commit(const std::vector<Ticket*>& batch) noexcept {
  try {
    db::Transaction transaction(connection_);
    for (Ticket* ticket : batch) {
      try {
        run_alone(connection_, ticket->work);
      } catch (...) {
        ticket->error = std::current_exception();
        if (!undo_alone(connection_)) throw;
      }
    }
    transaction.commit();
  } catch (...) {
    for (Ticket* ticket : batch) {
      if (!ticket->error) ticket->error = copy_of_current();
    }
  }
}

}  // namespace trainyard::repository
