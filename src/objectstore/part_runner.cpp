#include "objectstore/part_runner.hpp"

#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace trainyard::objectstore {

void PartRunner::run(std::size_t parts,
                     const std::function<void(std::size_t, std::stop_token)>& part,
                     std::stop_token stop) {
  std::stop_source ours;
  const std::stop_callback forward(stop, [&] { ours.request_stop(); });
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr first;
  const auto work = [&] {
    try {
      for (std::size_t i; (i = next++) < parts;) part(i, ours.get_token());
    } catch (...) {
      std::scoped_lock guard(mutex);
      if (!first) first = std::current_exception();
      ours.request_stop();
    }
  };
  const unsigned helpers = take(parts > 0 ? parts - 1 : 0);
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < helpers; ++i) threads.emplace_back(work);
    work();
  }
  free_ += static_cast<int>(helpers);
  if (first) std::rethrow_exception(first);
}

unsigned PartRunner::take(std::size_t wanted) {
  unsigned taken = 0;
  while (taken < wanted && free_.fetch_sub(1) > 0) ++taken;
  if (taken < wanted) ++free_;  // the one that was not there
  return taken;
}

}  // namespace trainyard::objectstore
