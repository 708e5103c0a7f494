// Every kind of request of every store with every fault: a call succeeds with the right bytes or
// fails with an Error, and no object is ever half of one.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "objectstore/fault_use.hpp"

namespace trainyard::objectstore {
namespace {

constexpr std::size_t kSmall = 2500;
constexpr Milliseconds kPatience{60'000}, kShortPatience{300};

bool wants_all_faults() { return environment("TRAINYARD_TEST_FAULTS") == "all"; }

class Faults : public testing::TestWithParam<World> {
 protected:
  // Faults the first `times` requests of the kind.
  void use(const char* kind, const NamedFault& named, unsigned times) {
    const World& world = GetParam();
    if (named.on_wires && !world.real) return;
    if (world.slow && !wants_all_faults() && !named.fault.involves_the_server()) return;
    unsigned hit = 0;
    std::atomic<bool> armed = false;
    const auto script = [&](const http::ClientRequest& request) -> std::optional<Fault> {
      if (!armed || kind_of(request) != kind || hit == times) return std::nullopt;
      ++hit;
      return named.fault;
    };
    // A loaded machine may be slower than a short patience.
    const bool impatient = world.real && named.fault.time_out;
    Bench bench = world.open(script, impatient ? kShortPatience : kPatience);
    if (!is_about_parts(kind)) bench.large = std::min(bench.large, kSmall);  // for speed
    armed = true;
    const std::string what = fmt::format("{}, '{}' of {}", named.name, kind, times);
    Use(bench, what, named.passes && times < kPolicy.attempts && !impatient).run();
    armed = false;
    EXPECT_EQ(hit > 0, is_asked(kind, bench.vouches_for_large)) << what << " never happened";
  }
};

TEST_P(Faults, OnceAreOvercomeOrSaid) {
  for (const char* kind : kKinds) {
    for (const NamedFault& fault : faults()) use(kind, fault, 1);
  }
}

// Many cases: at real servers for those who ask for them.
class MoreFaults : public Faults {};

std::vector<World> worlds_of_more_faults() { return wants_all_faults() ? worlds() : fakes(); }

TEST_P(MoreFaults, TwiceAreOvercomeOrSaid) {
  for (const char* kind : kKinds) {
    for (const NamedFault& fault : faults()) use(kind, fault, 2);
  }
}

TEST_P(MoreFaults, ForeverAreSaidAndLeaveNothingHalf) {
  for (const char* kind : kKinds) {
    for (const NamedFault& fault : faults()) use(kind, fault, 1'000'000);
  }
}

std::string name_of(const testing::TestParamInfo<World>& world) { return world.param.name; }

INSTANTIATE_TEST_SUITE_P(Stores, Faults, testing::ValuesIn(worlds()), name_of);
INSTANTIATE_TEST_SUITE_P(Stores, MoreFaults, testing::ValuesIn(worlds_of_more_faults()), name_of);

}  // namespace
}  // namespace trainyard::objectstore
