#pragma once
// Threads that run handlers: started when a job finds none idle, up to a limit, and kept.
// Internal to src/http.
#include <condition_variable>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/sync.hpp"

namespace trainyard::http {

// For this thread. sendfile(2) has no MSG_NOSIGNAL: a peer that left would end the process.
void block_sigpipe();

class WorkerPool {
 public:
  using Job = std::function<void()>;  // must not throw

  // So many jobs may wait beside those that run.
  static constexpr std::size_t kMostWaiting = 512;

  explicit WorkerPool(unsigned max_threads);
  ~WorkerPool() { stop(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Thread-safe. Jobs start in order of arrival.
  void submit(Job job);
  // Runs what is queued, then joins. Nothing may be submitted afterwards. Idempotent.
  void stop();

  // While it lives, its job waits for a peer or another service and another may run in its place:
  // however slow those are, they hold up nobody else. Throws Unavailable when kMostWaiting do
  // already.
  class Waiting {
   public:
    explicit Waiting(WorkerPool& pool);
    ~Waiting();
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

   private:
    WorkerPool& pool_;
  };

 private:
  struct State {
    std::deque<Job> queue;
    std::vector<std::thread> threads;
    std::vector<std::thread> ended;  // to be joined
    std::size_t idle = 0;
    std::size_t waiting = 0;
    bool stopping = false;
  };
  std::size_t running(const State& state) const { return state.threads.size() - state.waiting; }
  void start_thread_if_needed(State& state);
  void work();
  static void leave(State& state);

  std::size_t max_threads_;
  std::condition_variable changed_;
  Sync<State> state_;
};

}  // namespace trainyard::http
