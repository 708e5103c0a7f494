#include "learner/transfer_progress.hpp"

#include <gtest/gtest.h>

#include "base/clock.hpp"
#include "objectstore/failing_store.hpp"
#include "objectstore/memory_store.hpp"
#include "objectstore/retry.hpp"

namespace trainyard::learner {
namespace {

namespace os = objectstore;

TEST(WireProgress, ARequestThatIsTriedAgainIsTheTrouble) {
  const auto memory = os::make_memory_store();
  const auto watch = std::make_shared<os::RetryWatch>();
  std::vector<std::string> troubles;
  const auto trouble = [&] {
    return wire_progress("staging", {.files_done = 1, .files_total = 2}, watch->state()).trouble;
  };
  auto failing = std::make_unique<os::FailingStore>(
      *memory, [&](os::StoreCall, const std::string&, unsigned nth) -> std::optional<os::Failure> {
        troubles.push_back(trouble());
        return nth == 1 ? std::optional(os::Failure{}) : std::nullopt;
      });
  SystemClock clock;
  const auto patient =
      os::make_retrying(std::move(failing), {.attempts = 2, .base = Milliseconds(0)}, clock, watch);
  patient->list("", "", {});
  EXPECT_EQ(troubles,
            (std::vector<std::string>{"", "a request had to be tried again: a scripted failure"}));
  EXPECT_EQ(trouble(), "");
}

}  // namespace
}  // namespace trainyard::learner
