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

class WorkerPool {
 public:
  using Job = std::function<void()>;  // must not throw

  explicit WorkerPool(unsigned max_threads);
  ~WorkerPool() { stop(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Thread-safe. Jobs start in order of arrival.
  void submit(Job job);
  // Runs what is queued, then joins. Nothing may be submitted afterwards. Idempotent.
  void stop();

 private:
  struct State {
    std::deque<Job> queue;
    std::vector<std::thread> threads;
    std::size_t idle = 0;
    bool stopping = false;
  };
  void work();

  std::size_t max_threads_;
  std::condition_variable changed_;
  Sync<State> state_;
};

}  // namespace trainyard::http
