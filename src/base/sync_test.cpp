#include "base/sync.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <thread>
#include <vector>

namespace trainyard {
namespace {

TEST(Sync, GuardsItsValueBetweenThreads) {
  Sync<int> counter(0);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int k = 0; k < 1'000; ++k) {
          if (k % 2 == 0) {
            ++*counter.lock();
          } else {
            counter.with([](int& value) { ++value; });
          }
        }
      });
    }
  }
  EXPECT_EQ(*counter.lock(), 4'000);
}

TEST(Sync, WithReturnsWhatItsFunctionReturns) {
  Sync<std::vector<int>> values({1, 2, 3});
  EXPECT_EQ(values.with([](std::vector<int>& v) { return v.size(); }), 3u);
  EXPECT_EQ(values.lock()->front(), 1);
}

TEST(Sync, GuardWaitsOnACondition) {
  Sync<bool> ready(false);
  std::condition_variable_any changed;
  std::jthread setter([&] {
    *ready.lock() = true;
    changed.notify_all();
  });
  auto data = ready.lock();
  changed.wait(data.guard(), [&] { return *data; });
  EXPECT_TRUE(*data);
}

}  // namespace
}  // namespace trainyard
