#include "http/worker_pool.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/error.hpp"

namespace trainyard::http {

namespace {

void join_all(std::vector<std::thread>& threads) {
  for (std::thread& thread : threads) thread.join();
  threads.clear();
}

}  // namespace

void block_sigpipe() {
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
}

WorkerPool::WorkerPool(unsigned max_threads) : max_threads_(std::max(1u, max_threads)) {}

void WorkerPool::stop() {
  for (;;) {
    std::vector<std::thread> threads, ended;
    state_.with([&](State& state) {
      state.stopping = true;
      threads.swap(state.threads);
      ended.swap(state.ended);
    });
    if (threads.empty() && ended.empty()) return;
    changed_.notify_all();
    join_all(threads);
    join_all(ended);
  }
}

void WorkerPool::submit(Job job) {
  state_.with([&](State& state) {
    state.queue.push_back(std::move(job));
    start_thread_if_needed(state);
  });
  changed_.notify_one();
}

void WorkerPool::start_thread_if_needed(State& state) {
  if (state.queue.size() <= state.idle || running(state) >= max_threads_) return;
  join_all(state.ended);  // they have nothing left to do but to end
  state.threads.emplace_back([this] { work(); });
}

WorkerPool::Waiting::Waiting(WorkerPool& pool) : pool_(pool) {
  pool_.state_.with([&](State& state) {
    if (state.waiting == kMostWaiting) {
      throw Error(ErrorKind::Unavailable, "too many connections are slow; try again later");
    }
    ++state.waiting;
    pool_.start_thread_if_needed(state);
  });
}

WorkerPool::Waiting::~Waiting() {
  pool_.state_.with([](State& state) { --state.waiting; });
}

void WorkerPool::work() {
  block_sigpipe();
  for (;;) {
    Job job;
    {
      auto state = state_.lock();
      if (state->queue.empty() && !state->stopping && running(*state) > max_threads_) {
        return leave(*state);
      }
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

// One of those that took the place of jobs which waited.
void WorkerPool::leave(State& state) {
  const auto self = std::ranges::find(state.threads, std::this_thread::get_id(),
                                      [](const std::thread& thread) { return thread.get_id(); });
  state.ended.push_back(std::move(*self));
  state.threads.erase(self);
}

}  // namespace trainyard::http
