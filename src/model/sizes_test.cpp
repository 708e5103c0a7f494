#include "model/sizes.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace trainyard::model {
namespace {

TEST(Sizes, StandInTheOrderTheyAreShown) {
  std::vector<std::string> names;
  for (const Size& size : sizes()) names.emplace_back(size.name);
  EXPECT_EQ(names, (std::vector<std::string>{"small", "medium", "large", "k80", "k80x2", "k80x4",
                                             "p100", "p100x2", "v100", "v100x2"}));
}

TEST(Sizes, TheWordsOfT9AreOneTwoAndFourGpus) {
  EXPECT_EQ(find_size("small")->gpus, 1u);
  EXPECT_EQ(find_size("medium")->gpus, 2u);
  EXPECT_EQ(find_size("large")->gpus, 4u);
}

TEST(Sizes, TheLaterWordsCarryTheirCoresAndMemory) {
  const auto size = find_size("k80x4");
  ASSERT_TRUE(size);
  EXPECT_EQ(size->gpus, 4u);
  EXPECT_EQ(size->cpus, 16u);
  EXPECT_EQ(size->memory_gib, 96u);
  EXPECT_EQ(find_size("v100x2")->cpus, 52u);
}

TEST(Sizes, AreFoundInAnyCaseAndNotByParts) {
  EXPECT_EQ(find_size("Small")->name, "small");
  EXPECT_EQ(find_size("K80X2")->name, "k80x2");
  EXPECT_FALSE(find_size("sma"));
  EXPECT_FALSE(find_size(""));
  EXPECT_FALSE(find_size("huge"));
}

}  // namespace
}  // namespace trainyard::model
