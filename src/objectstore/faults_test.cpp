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
    std::atomic<unsigned> asked = 0;  // by several threads, for the parts of an object
    std::atomic<bool> armed = false;
    const auto script = [&](const http::ClientRequest& request) -> std::optional<Fault> {
      if (!armed || kind_of(request) != kind || asked++ >= times) return std::nullopt;
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
    EXPECT_EQ(asked > 0, is_asked(kind, bench.by_s3)) << what << " never happened";
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

// An object that comes in several ranges, with the edges of its segments elsewhere, and a fault in
// the middle of the second.
class RangeFaults : public testing::TestWithParam<World> {};

TEST_P(RangeFaults, InTheMiddleOfOneOfManyAreOvercome) {
  constexpr const char* kSecond = "bytes=16777216-33554431";
  const std::string bytes = text_of((40u << 20) + 7, 5);
  std::atomic<unsigned> left = 0;
  Fault fault;
  const auto script = [&](const http::ClientRequest& request) -> std::optional<Fault> {
    if (left == 0 || request.headers.get("Range") != kSecond) return std::nullopt;
    --left;
    return fault;
  };
  Bench bench = GetParam().open(script, kPatience);
  upload_bytes(*bench.roomy, bytes, "large", {});
  for (const NamedFault& named : std::initializer_list<NamedFault>{
           {"cut", {.cut_after = 8u << 20}, true},
           {"cut at once", {.cut_after = 0}, true},
           {"cut head", {.cut_head = true}, true},
           {"reset after", {.reset_after = true}, true},
           {"truncated", {.truncate = true}, true},
           {"damaged answer", {.corrupt_answer = true}, true},
       }) {
    SCOPED_TRACE(named.name);
    fault = named.fault;
    left = 1;
    TempDir directory("trainyard-", scratch());
    std::vector<std::string> lines;
    TransferOptions options{.connections = 3, .free_floor = 0};
    options.on_log = [&](std::string_view line) { lines.emplace_back(line); };
    download_tree(*bench.store, "", directory.path(), options, {});
    EXPECT_TRUE(read_file(directory.path() / "large") == bytes);
    EXPECT_EQ(left, 0u) << "never happened";
    for (const std::string& line : lines) {
      EXPECT_EQ(line.find("gives no checksum"), line.npos) << line;
    }
  }
}

std::vector<World> real_worlds() {
  std::vector<World> real = worlds();
  std::erase_if(real, [](const World& world) { return !world.real; });
  return real;
}

std::string name_of(const testing::TestParamInfo<World>& world) { return world.param.name; }

INSTANTIATE_TEST_SUITE_P(Stores, Faults, testing::ValuesIn(worlds()), name_of);
INSTANTIATE_TEST_SUITE_P(Stores, RangeFaults, testing::ValuesIn(real_worlds()), name_of);
INSTANTIATE_TEST_SUITE_P(Stores, MoreFaults, testing::ValuesIn(worlds_of_more_faults()), name_of);

}  // namespace
}  // namespace trainyard::objectstore
