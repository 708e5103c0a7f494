#pragma once
// Who is woken when a run's log grows. Thread-safe.
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/sync.hpp"
#include "logstore/log_store.hpp"

namespace trainyard::logstore {

class Subscribers : public std::enable_shared_from_this<Subscribers> {
 public:
  LogStore::Subscription add(const model::RunId& run, std::function<void()> wake);
  void wake(const model::RunId& run);
  // Nothing comes any more for those who are subscribed now; kept as long as one of them is.
  void end(const model::RunId& run);
  bool ended(const model::RunId& run);

 private:
  class Waker;
  class Membership;
  void drop(const model::RunId& run, const Waker* waker);

  struct Followed {
    std::vector<std::shared_ptr<Waker>> wakers;
    bool ended = false;
  };
  Sync<std::unordered_map<model::RunId, Followed>> followed_;
};

}  // namespace trainyard::logstore
