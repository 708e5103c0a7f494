#include "objectstore/retry.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "objectstore/failing_store.hpp"
#include "objectstore/memory_store.hpp"
#include "objectstore/sources.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::objectstore {
namespace {

constexpr RetryPolicy kPolicy{
    .attempts = 4, .base = Milliseconds(100), .longest = Milliseconds(1000)};

Error unavailable() { return {ErrorKind::Unavailable, "away"}; }

StoreError asked_to_wait(int milliseconds) {
  StoreError error(ErrorKind::Unavailable, "slow down");
  error.retry_after = Milliseconds(milliseconds);
  return error;
}

TEST(RetryDelay, DoublesUpToTheLongestAndIsScaledByTheJitter) {
  struct Row {
    unsigned failures;
    double jitter;
    int expected;
  };
  const RetryPolicy policy{
      .attempts = 100, .base = Milliseconds(100), .longest = Milliseconds(1000)};
  for (const Row& row :
       {Row{1, 0.0, 0}, Row{1, 0.5, 50}, Row{2, 0.5, 100}, Row{3, 0.5, 200}, Row{4, 0.5, 400},
        Row{5, 0.5, 500}, Row{6, 0.999, 999}, Row{90, 0.5, 500}}) {
    EXPECT_EQ(retry_delay(policy, {row.failures}, unavailable(), row.jitter),
              Milliseconds(row.expected))
        << row.failures << " failures, jitter " << row.jitter;
  }
}

TEST(RetryDelay, TheStoresWishIsTheLeastUpToFiveMinutes) {
  EXPECT_EQ(retry_delay(kPolicy, {1}, asked_to_wait(700), 0.0), Milliseconds(700));
  EXPECT_EQ(retry_delay(kPolicy, {1}, asked_to_wait(700), 0.5), Milliseconds(750));
  EXPECT_EQ(retry_delay(kPolicy, {1}, asked_to_wait(60'000), 0.5), Milliseconds(60'050));
  EXPECT_EQ(retry_delay(kPolicy, {1}, asked_to_wait(400'000), 0.5), Milliseconds(300'000));
}

TEST(RetryDelay, GivesUpAfterTheLastAttempt) {
  EXPECT_TRUE(retry_delay(kPolicy, {3}, unavailable(), 0.5));
  EXPECT_FALSE(retry_delay(kPolicy, {4}, unavailable(), 0.5));
  EXPECT_FALSE(retry_delay({.attempts = 1}, {1}, unavailable(), 0.5));
}

TEST(RetryDelay, GivesUpWhenBothAttemptsAndPatienceAreUsed) {
  RetryPolicy patient = kPolicy;
  patient.patience = std::chrono::minutes(10);
  const Milliseconds almost = patient.patience - Milliseconds(1);
  EXPECT_TRUE(retry_delay(patient, {90, almost}, unavailable(), 0.5));
  EXPECT_TRUE(retry_delay(patient, {3, patient.patience}, unavailable(), 0.5));
  EXPECT_FALSE(retry_delay(patient, {4, patient.patience}, unavailable(), 0.5));
  EXPECT_FALSE(retry_delay(patient, {1}, Error(ErrorKind::Forbidden, "no"), 0.5));
}

TEST(RetryDelay, NeverRetriesWhatCannotMend) {
  for (const ErrorKind kind : {ErrorKind::InvalidInput, ErrorKind::NotFound, ErrorKind::Conflict,
                               ErrorKind::Unauthenticated, ErrorKind::Forbidden,
                               ErrorKind::Exhausted, ErrorKind::Canceled, ErrorKind::Corrupt}) {
    EXPECT_FALSE(retry_delay(kPolicy, {1}, Error(kind, "no"), 0.5)) << to_string(kind);
  }
  EXPECT_TRUE(retry_delay(kPolicy, {1}, Error(ErrorKind::Timeout, "late"), 0.5));
  StoreError spent = asked_to_wait(1);
  spent.worn_out = true;
  EXPECT_FALSE(retry_delay(kPolicy, {1}, spent, 0.5));
}

// Time passes by itself: sleeping returns at once.
class PassingClock final : public Clock {
 public:
  TimePoint now() const override { return TimePoint(slept); }
  bool sleep_for(Milliseconds duration, std::stop_token stop) override {
    slept += duration;
    return !stop.stop_requested();
  }
  Milliseconds slept{0};
};

struct Fixture {
  std::unique_ptr<ObjectStore> memory = make_memory_store();
  PassingClock clock;
  FailingStore* failing = nullptr;
  std::shared_ptr<RetryWatch> watch = std::make_shared<RetryWatch>();
  std::unique_ptr<ObjectStore> store;

  explicit Fixture(FailureScript script, RetryPolicy policy = kPolicy) {
    auto wrapped = std::make_unique<FailingStore>(*memory, std::move(script));
    failing = wrapped.get();
    store = make_retrying(std::move(wrapped), policy, clock, watch);
    upload_bytes(*memory, "0123456789", "key", {});
  }
};

TEST(RetryingStore, TriesEveryCallAgain) {
  for (const StoreCall call :
       {StoreCall::Head, StoreCall::Get, StoreCall::Put, StoreCall::List, StoreCall::Remove}) {
    Fixture f(fail_calls(call, 1, 2));
    EXPECT_EQ(upload_bytes(*f.store, "abc", "other", {}).size, 3u);
    EXPECT_EQ(f.store->list("", "", {}).objects.size(), 2u);
    EXPECT_EQ(f.store->head("other", {})->size, 3u);
    EXPECT_EQ(download_bytes(*f.store, "other", 100), "abc");
    f.store->remove("other", {});
    EXPECT_FALSE(f.memory->head("other", {}));
    EXPECT_GE(f.failing->calls(call), 3u);
  }
}

TEST(RetryingStore, TellsWhatIsTriedAgainWhileItIs) {
  std::vector<std::uint64_t> under_way;
  RetryWatch* watch = nullptr;
  Fixture f([&](StoreCall call, const std::string&, unsigned nth) -> std::optional<Failure> {
    if (call != StoreCall::List) return std::nullopt;
    under_way.push_back(watch->state().under_way);
    return nth <= 2 ? std::optional(Failure{}) : std::nullopt;
  });
  watch = f.watch.get();
  f.store->list("", "", {});
  EXPECT_EQ(under_way, (std::vector<std::uint64_t>{0, 1, 1}));
  const RetryState after = f.watch->state();
  EXPECT_EQ(after.under_way, 0u);
  EXPECT_EQ(after.in_all, 2u);
  EXPECT_EQ(after.last_error, "a scripted failure");
}

TEST(RetryingStore, ResumesACutReadWithoutRepeatingAByte) {
  Fixture f(fail_calls(StoreCall::Get, 1, 2, {.after_bytes = 3}));
  EXPECT_EQ(download_bytes(*f.store, "key", 100), "0123456789");
  EXPECT_EQ(f.failing->bytes_delivered(), 10u);
  EXPECT_EQ(f.failing->calls(StoreCall::Get), 3u);
}

TEST(RetryingStore, ResumesARange) {
  Fixture f(fail_calls(StoreCall::Get, 1, 1, {.after_bytes = 2}));
  std::string got;
  f.store->get("key", ByteRange{4, 5}, {}, [&](std::string_view bytes) { got += bytes; }, {});
  EXPECT_EQ(got, "45678");
}

TEST(RetryingStore, ProgressStartsTheCountAnew) {
  Fixture f(fail_calls(StoreCall::Get, 1, 9, {.after_bytes = 1}));
  EXPECT_EQ(download_bytes(*f.store, "key", 100), "0123456789");
}

TEST(RetryingStore, AnObjectReplacedBetweenTwoAttemptsIsNotPastedTogether) {
  ObjectStore* memory = nullptr;
  Fixture f([&](StoreCall call, const std::string&, unsigned nth) -> std::optional<Failure> {
    if (call != StoreCall::Get) return std::nullopt;
    if (nth == 1) return Failure{.after_bytes = 3};
    upload_bytes(*memory, "ABCDEFGHIJ", "key", {});
    return std::nullopt;
  });
  memory = f.memory.get();
  try {
    download_bytes(*f.store, "key", 100);
    FAIL() << "pasted two objects together";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Conflict) << e.what();
  }
}

TEST(RetryingStore, SaysHowOftenItTriedAndIsNotTriedAgainByAnOuterOne) {
  Fixture f(fail_calls(StoreCall::List, 1, 99));
  try {
    f.store->list("", "", {});
    FAIL();
  } catch (const StoreError& e) {
    EXPECT_STREQ(e.what(), "a scripted failure (tried 4 times)");
    EXPECT_TRUE(e.worn_out);
    EXPECT_FALSE(retry_delay(kPolicy, {1}, e, 0.5));
  }
  EXPECT_EQ(f.failing->calls(StoreCall::List), 4u);
}

constexpr RetryPolicy kPatient{.attempts = 4,
                               .base = Milliseconds(100),
                               .longest = Milliseconds(10'000),
                               .patience = std::chrono::minutes(10)};

TEST(RetryingStore, OutlastsAnOutageWithinItsPatience) {
  const PassingClock* clock = nullptr;
  Fixture f(
      [&](StoreCall, const std::string&, unsigned) {
        const bool away = clock->slept < std::chrono::minutes(9);
        return away ? std::optional(Failure{}) : std::nullopt;
      },
      kPatient);
  clock = &f.clock;
  EXPECT_EQ(download_bytes(*f.store, "key", 100), "0123456789");
  EXPECT_LT(f.clock.slept, std::chrono::minutes(9) + kPatient.longest);
}

TEST(RetryingStore, SaysForHowLongItTried) {
  Fixture f(fail_calls(StoreCall::List, 1, 100'000), kPatient);
  try {
    f.store->list("", "", {});
    FAIL();
  } catch (const StoreError& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr(fmt::format("(tried {} times in 10 min",
                                                         f.failing->calls(StoreCall::List))));
  }
}

TEST(RetryingStore, ProgressRenewsThePatience) {
  PassingClock* clock = nullptr;
  Fixture f(
      [&](StoreCall call, const std::string&, unsigned nth) -> std::optional<Failure> {
        if (call != StoreCall::Get || nth > 18) return std::nullopt;
        clock->slept += std::chrono::minutes(4);
        return Failure{.after_bytes = nth % 2};
      },
      kPatient);
  clock = &f.clock;
  EXPECT_EQ(download_bytes(*f.store, "key", 100), "0123456789");
  EXPECT_GT(f.clock.slept, std::chrono::hours(1));
}

TEST(RetryingStore, HonoursTheStoresWish) {
  Fixture f(fail_calls(StoreCall::List, 1, 1, {.retry_after = Milliseconds(900)}));
  f.store->list("", "", {});
  EXPECT_GE(f.clock.slept, Milliseconds(900));
}

TEST(RetryingStore, AStopEndsTheWait) {
  Fixture f(fail_calls(StoreCall::List, 1, 99));
  std::stop_source stop;
  stop.request_stop();
  try {
    f.store->list("", "", stop.get_token());
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Canceled);
  }
  EXPECT_EQ(f.failing->calls(StoreCall::List), 1u);
}

}  // namespace
}  // namespace trainyard::objectstore
