#pragma once
// Many like calls on several threads: the parts of uploads, where all of a store share one budget
// of threads; questions about many objects.
#include <atomic>
#include <cstddef>
#include <functional>
#include <stop_token>

namespace trainyard::objectstore {

class PartRunner {
 public:
  // `helpers` threads at most, beside those that call run().
  explicit PartRunner(unsigned helpers) : free_(static_cast<int>(helpers)) {}

  // Calls `part` with 0 … parts - 1, each once, on this thread and on helpers. The first error ends
  // the others (their stop token is requested) and is thrown. Thread-safe.
  void run(std::size_t parts, const std::function<void(std::size_t, std::stop_token)>& part,
           std::stop_token stop);

 private:
  unsigned take(std::size_t wanted);

  std::atomic<int> free_;
};

}  // namespace trainyard::objectstore
