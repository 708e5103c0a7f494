#pragma once
// Calls again what may succeed later: a pure delay function, a loop, and a decorator over any
// store.
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/sync.hpp"
#include "objectstore/object_store.hpp"

namespace trainyard::objectstore {

// What a store adds to an Error when it knows more about trying again.
class StoreError : public Error {
 public:
  using Error::Error;
  // The store asked to wait this long (Retry-After).
  std::optional<Milliseconds> retry_after;
  // The store has tried again already: the decorator lets it pass.
  bool worn_out = false;
  // An upload arrived with other bytes than its checksum promised.
  bool damaged = false;
  // Nothing shows that the store itself refuses: a proxy or a page may have answered in its place.
  bool foreign = false;
};

// Whether the same call may succeed some time later, though nothing says so as for a retry: only
// the store's own refusal is one for good.
bool may_pass(const Error& error);

struct RetryPolicy {
  unsigned attempts = 8;                // in all, or as many as patience allows; 1: never again
  Milliseconds base{100};               // the first delay is up to this long, then doubled
  Milliseconds longest{20'000};         // and never longer, unless the store asks for more
  Milliseconds longest_asked{300'000};  // that much is granted
  // Given up only when this long has passed, too, since the first attempt failed.
  Milliseconds patience{0};
};

// Since something last moved on.
struct FailedAttempts {
  unsigned count = 0;
  Milliseconds since_first{0};  // to the end of the last
};

// How long to wait after `failed` (≥ 1) attempts before the next, with full jitter: `jitter` in
// [0,1) scales the doubled base; the store's own wish is a minimum. nullopt: give up.
std::optional<Milliseconds> retry_delay(const RetryPolicy& policy, const FailedAttempts& failed,
                                        const Error& error, double jitter);

struct RetryState {
  std::uint64_t under_way = 0;  // calls that failed at least once and have not ended
  std::uint64_t in_all = 0;     // tries after the first ones
  std::string last_error = {};  // that a call failed with; empty: none did
};

// What the requests of a store, whose retriers share it, are tried again for. Thread-safe.
class RetryWatch {
 public:
  RetryState state() { return *state_.lock(); }

 private:
  friend class Retrier;
  Sync<RetryState> state_;
};

// Runs attempts until one succeeds, the error is not worth it, or the policy ends it. Thread-safe.
class Retrier {
 public:
  // `watch` may be null.
  Retrier(RetryPolicy policy, Clock& clock, std::shared_ptr<RetryWatch> watch)
      : policy_(policy), clock_(clock), watch_(std::move(watch)) {}
  // `progressed` tells whether the failed attempt moved something on: count and time then start
  // anew.
  void run(const std::function<void()>& attempt, std::stop_token stop,
           const std::function<bool()>& progressed = {}) const;

 private:
  class Watched;

  RetryPolicy policy_;
  Clock& clock_;
  std::shared_ptr<RetryWatch> watch_;
};

// `clock` must outlive the store. get() resumes where it was cut, pinned to the ETag that it began
// with. `watch` may be null.
std::unique_ptr<ObjectStore> make_retrying(std::unique_ptr<ObjectStore> store, RetryPolicy policy,
                                           Clock& clock,
                                           std::shared_ptr<RetryWatch> watch = nullptr);

}  // namespace trainyard::objectstore
