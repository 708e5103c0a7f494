#pragma once
// Records for tests that fail by plan: before the call had an effect, or after it, as when the
// answer to a caller is lost.
#include <cstddef>
#include <optional>
#include <utility>

#include "base/sync.hpp"
#include "repository/repositories.hpp"

namespace trainyard::repository {

enum class When { Before, After };

// Thread-safe.
class FailurePlan {
 public:
  // Call number `nth` from now (1: the next one) throws `error`, and only that.
  void fail(std::size_t nth, When when, Error error) {
    planned_.with([&](auto& planned) { planned = Planned{nth, when, std::move(error)}; });
  }

  template <typename Fn>
  auto run(Fn&& call) {
    const auto failure = take();
    if (failure && failure->when == When::Before) throw failure->error;
    if constexpr (std::is_void_v<decltype(call())>) {
      call();
      if (failure) throw failure->error;
    } else {
      auto result = call();
      if (failure) throw failure->error;
      return result;
    }
  }

 private:
  struct Planned {
    std::size_t calls_left = 0;
    When when = When::Before;
    Error error;
  };
  std::optional<Planned> take();  // the plan, when this is the call that it names

  Sync<std::optional<Planned>> planned_;
};

// `inner` and `plan` outlive what is returned.
Repositories make_failing_repositories(Repositories& inner, FailurePlan& plan);

}  // namespace trainyard::repository
