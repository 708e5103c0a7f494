#include "http/worker_pool.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

namespace trainyard::http {

namespace {

// sendfile(2) has no MSG_NOSIGNAL: a peer that left would end the process.
void block_sigpipe() {
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
}

}  // namespace

WorkerPool::WorkerPool(unsigned max_threads) : max_threads_(std::max(1u, max_threads)) {}

void WorkerPool::stop() {
  std::vector<std::thread> threads;
  state_.with([&](State& state) {
    state.stopping = true;
    threads.swap(state.threads);
  });
  changed_.notify_all();
  for (std::thread& thread : threads) thread.join();
}

void WorkerPool::submit(Job job) {
  state_.with([&](State& state) {
    state.queue.push_back(std::move(job));
    if (state.queue.size() > state.idle && state.threads.size() < max_threads_) {
      state.threads.emplace_back([this] { work(); });
    }
  });
  changed_.notify_one();
}

void WorkerPool::work() {
  block_sigpipe();
  for (;;) {
    Job job;
    {
      auto state = state_.lock();
      ++state->idle;
      changed_.wait(state.guard(), [&] { return state->stopping || !state->queue.empty(); });
      --state->idle;
      if (state->queue.empty()) return;
      job = std::move(state->queue.front());
      state->queue.pop_front();
    }
    job();
  }
}

}  // namespace trainyard::http
