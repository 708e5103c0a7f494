#include "objectstore/retry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

namespace trainyard::objectstore {
namespace {

double random_jitter() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
}

[[noreturn]] void throw_worn_out(const Error& error, const FailedAttempts& failed) {
  std::string tried = fmt::format("tried {} times", failed.count);
  if (failed.since_first >= std::chrono::seconds(1)) {
    tried += " in " + format_duration(failed.since_first);
  }
  StoreError last(error.kind(), fmt::format("{} ({})", error.what(), tried));
  last.worn_out = true;
  throw last;
}

bool worn_out(const Error& error) {
  const auto* known = dynamic_cast<const StoreError*>(&error);
  return known != nullptr && known->worn_out;
}

}  // namespace

bool may_pass(const Error& error) {
  const auto* known = dynamic_cast<const StoreError*>(&error);
  return error.retryable() || (known != nullptr && known->foreign);
}

std::optional<Milliseconds> retry_delay(const RetryPolicy& policy, const FailedAttempts& failed,
                                        const Error& error, double jitter) {
  if (!error.retryable() || worn_out(error)) return std::nullopt;
  if (failed.count >= policy.attempts && failed.since_first >= policy.patience) return std::nullopt;
  const unsigned doublings = std::min(failed.count - 1, 20u);
  const Milliseconds ceiling = std::min(policy.longest, policy.base * (1 << doublings));
  const Milliseconds jittered(static_cast<std::int64_t>(double(ceiling.count()) * jitter));
  const auto* known = dynamic_cast<const StoreError*>(&error);
  if (known == nullptr || !known->retry_after) return jittered;
  // Later than asked by the jitter: those who were all turned away do not come back together.
  return std::min(policy.longest_asked, *known->retry_after + jittered);
}

// One call, from its first failure until it ends.
class Retrier::Watched {
 public:
  explicit Watched(RetryWatch* watch) : watch_(watch) {}
  ~Watched() {
    if (counted_) --watch_->state_.lock()->under_way;
  }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  void failed(const Error& error) {
    if (watch_ == nullptr) return;
    auto state = watch_->state_.lock();
    if (!std::exchange(counted_, true)) ++state->under_way;
    state->last_error = error.what();
  }
  void tries_again() {
    if (watch_ != nullptr) ++watch_->state_.lock()->in_all;
  }

 private:
  RetryWatch* watch_;
  bool counted_ = false;
};

void Retrier::run(const std::function<void()>& attempt, std::stop_token stop,
                  const std::function<bool()>& progressed) const {
  Watched watched(watch_.get());
  FailedAttempts failed;
  for (TimePoint first{};;) {
    Milliseconds delay{};
    try {
      attempt();
      return;
    } catch (const Error& error) {
      const TimePoint now = clock_.now();
      if (progressed && progressed()) failed = {};
      if (failed.count == 0) first = now;
      failed = {failed.count + 1, now - first};
      const auto wait = retry_delay(policy_, failed, error, random_jitter());
      if (!wait && error.retryable() && !worn_out(error)) throw_worn_out(error, failed);
      if (!wait) throw;
      watched.failed(error);
      delay = *wait;
    }
    if (!clock_.sleep_for(delay, stop)) {
      throw Error(ErrorKind::Canceled, "stopped while waiting to try again");
    }
    watched.tries_again();
  }
}

namespace {

class RetryingStore final : public ObjectStore {
 public:
  RetryingStore(std::unique_ptr<ObjectStore> store, RetryPolicy policy, Clock& clock,
                std::shared_ptr<RetryWatch> watch)
      : store_(std::move(store)), retrier_(policy, clock, std::move(watch)) {}

  const std::string& description() const override { return store_->description(); }

  std::optional<ObjectInfo> head(const std::string& key, std::stop_token stop) override {
    return again<std::optional<ObjectInfo>>(stop, [&] { return store_->head(key, stop); });
  }

  ObjectInfo get(const std::string& key, const std::optional<ByteRange>& range,
                 const std::string& if_match, const Sink& sink, std::stop_token stop) override {
    const std::string etag = if_match.empty() ? current_etag(key, stop) : if_match;
    const ByteRange whole = range.value_or(ByteRange{0, ByteRange::kToEnd});
    std::uint64_t delivered = 0, delivered_before = 0;
    const Sink counting = [&](std::string_view bytes) {
      sink(bytes);
      delivered += bytes.size();
    };
    ObjectInfo result;
    retrier_.run(
        [&] {
          delivered_before = delivered;
          if (delivered != 0 && etag.empty()) {
            throw Error(ErrorKind::Corrupt, "cut off, and without an ETag it cannot be resumed");
          }
          result = store_->get(key, delivered == 0 ? range : rest(whole, delivered), etag, counting,
                               stop);
        },
        stop, [&] { return delivered > delivered_before; });
    return result;
  }

  ObjectInfo put(const std::string& key, Source& source, std::stop_token stop) override {
    return again<ObjectInfo>(stop, [&] { return store_->put(key, source, stop); });
  }

  ListPage list(const std::string& prefix, const std::string& continuation,
                std::stop_token stop) override {
    return again<ListPage>(stop, [&] { return store_->list(prefix, continuation, stop); });
  }

  void remove(const std::string& key, std::stop_token stop) override {
    retrier_.run([&] { store_->remove(key, stop); }, stop);
  }

  std::uint64_t discard_unfinished(const std::string& prefix, std::stop_token stop) override {
    return again<std::uint64_t>(stop, [&] { return store_->discard_unfinished(prefix, stop); });
  }

 private:
  template <typename Result, typename Fn>
  Result again(std::stop_token stop, Fn&& attempt) {
    Result result{};
    retrier_.run([&] { result = attempt(); }, stop);
    return result;
  }

  std::string current_etag(const std::string& key, std::stop_token stop) {
    auto info = head(key, stop);
    if (!info) {
      throw Error(ErrorKind::NotFound, "there is no object '" + key + "' in " + description());
    }
    return info->etag;
  }

  static ByteRange rest(const ByteRange& range, std::uint64_t delivered) {
    return {range.offset + delivered,
            range.length == ByteRange::kToEnd ? ByteRange::kToEnd : range.length - delivered};
  }

  std::unique_ptr<ObjectStore> store_;
  Retrier retrier_;
};

}  // namespace

std::unique_ptr<ObjectStore> make_retrying(std::unique_ptr<ObjectStore> store, RetryPolicy policy,
                                           Clock& clock, std::shared_ptr<RetryWatch> watch) {
  return std::make_unique<RetryingStore>(std::move(store), policy, clock, std::move(watch));
}

}  // namespace trainyard::objectstore
