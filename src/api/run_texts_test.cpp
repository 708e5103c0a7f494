#include "api/run_texts.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace trainyard::api {
namespace {

model::RunId id(int number) {
  return model::RunId::parse(fmt::format("training-{:09}", number)).value();
}

RunTexts::Text text(std::string content) {
  return std::make_shared<const std::string>(std::move(content));
}

TEST(RunTexts, ATextIsOfItsRunAndVersionAlone) {
  RunTexts texts(1 << 20);
  texts.keep(id(1), 3, text("one"));
  ASSERT_TRUE(texts.find(id(1), 3));
  EXPECT_EQ(*texts.find(id(1), 3), "one");
  EXPECT_FALSE(texts.find(id(1), 4));
  EXPECT_FALSE(texts.find(id(2), 3));
  texts.keep(id(1), 4, text("later"));
  EXPECT_FALSE(texts.find(id(1), 3));
  EXPECT_EQ(*texts.find(id(1), 4), "later");
}

TEST(RunTexts, WhatIsAskedForStaysAndTheRestGoes) {
  RunTexts texts(10'000);  // of 1,000 bytes and their entries: four in each half
  for (int number = 1; number <= 40; ++number) {
    texts.keep(id(number), 1, text(std::string(1000, 'x')));
    ASSERT_TRUE(texts.find(id(1), 1)) << number;
  }
  EXPECT_TRUE(texts.find(id(40), 1));
  EXPECT_FALSE(texts.find(id(2), 1));
}

TEST(RunTexts, ATextLargerThanItMayKeepIsNotKept) {
  RunTexts texts(1000);
  texts.keep(id(1), 1, text(std::string(2000, 'x')));
  EXPECT_FALSE(texts.find(id(1), 1));
}

}  // namespace
}  // namespace trainyard::api
