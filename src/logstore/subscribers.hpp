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

 private:
  class Waker;
  class Membership;
  void drop(const model::RunId& run, const Waker* waker);

  Sync<std::unordered_map<model::RunId, std::vector<std::shared_ptr<Waker>>>> wakers_;
};

}  // namespace trainyard::logstore
