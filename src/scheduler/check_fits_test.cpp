#include <gtest/gtest.h>

#include "base/error.hpp"
#include "engine/fake_engine.hpp"
#include "scheduler/scheduler.hpp"

namespace trainyard::scheduler {
namespace {

std::string refusal(const model::Compute& compute, const engine::Capacity& capacity) {
  try {
    check_fits(compute, capacity);
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::InvalidInput);
    return e.what();
  }
  return "fits";
}

TEST(CheckFits, WhatTheMachineHasFits) {
  EXPECT_EQ(refusal({.size = "large", .gpus = 4}, engine::gpus(4)), "fits");
  EXPECT_EQ(refusal({.gpus = 0}, engine::gpus(1)), "fits");
  EXPECT_EQ(refusal({.size = "large", .gpus = 4}, engine::cpu_slots(4)), "fits");
}

TEST(CheckFits, TooManyGpusNamesTheSizesThatFit) {
  EXPECT_EQ(refusal({.size = "large", .gpus = 4}, engine::gpus(2)),
            "The size 'large' is 4 GPUs, and this machine has 2. These sizes fit: small, medium, "
            "k80, k80x2, p100, p100x2, v100, v100x2.");
  EXPECT_EQ(refusal({.gpus = 9}, engine::cpu_slots(1)),
            "The run asks for 9 CPU slots, and this machine has 1. These sizes fit: small, k80, "
            "p100, v100.");
  EXPECT_EQ(refusal({.gpus = 0}, engine::gpus(0)),
            "The run asks for 1 GPU, and this machine has 0. Nothing fits on it.");
}

TEST(CheckFits, ABusyGpuMayComeFree) {
  auto capacity = engine::gpus(2);
  capacity.slots[1].unavailable = "busy";
  EXPECT_EQ(refusal({.gpus = 2}, capacity), "fits");
}

TEST(CheckFits, SeveralNodesSayWhatToDo) {
  EXPECT_EQ(refusal({.gpus = 1, .nodes = 2}, engine::gpus(4)),
            "The run asks for 2 nodes, and this service runs on one machine: set the number of "
            "nodes to 1 and ask for more GPUs instead");
}

TEST(CheckFits, CoresAndMemoryCountWhenAskedForInNumbers) {
  EXPECT_EQ(refusal({.cpus = 16.0}, engine::gpus(1)), "fits");
  EXPECT_EQ(refusal({.cpus = 16.5}, engine::gpus(1)),
            "The run asks for 16.5 CPUs, and this machine has 16: ask for at most 16");
  EXPECT_EQ(refusal({.memory_bytes = 64ULL << 30}, engine::gpus(1)), "fits");
  EXPECT_EQ(refusal({.memory_bytes = 65ULL << 30}, engine::gpus(1)),
            "The run asks for 65 GiB of memory, and this machine has 64 GiB: ask for less");
  EXPECT_EQ(refusal({.size = "v100", .cpus = 26.0, .memory_bytes = 1ULL << 40}, engine::gpus(1)),
            "fits");
}

}  // namespace
}  // namespace trainyard::scheduler
