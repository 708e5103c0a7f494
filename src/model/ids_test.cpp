#include "model/ids.hpp"

#include <gtest/gtest.h>

#include <set>

namespace trainyard::model {
namespace {

TEST(RunId, GeneratedIdsHaveTheFormOfT17AndDiffer) {
  std::set<RunId> ids;
  for (int i = 0; i < 1000; ++i) {
    const RunId id = RunId::generate();
    EXPECT_EQ(RunId::parse(id.str()), id);
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 1000u);
}

TEST(RunId, ParseTakesExactlyTheForm) {
  EXPECT_EQ(RunId::parse("training-DOl4q2LkR")->str(), "training-DOl4q2LkR");
  EXPECT_TRUE(RunId::parse("training-_-_-_-_-_"));
  for (const char* bad : {"", "training-", "training-DOl4q2Lk", "training-DOl4q2LkRx",
                          "Training-DOl4q2LkR", "training-DOl4q2Lk/", "training-../../..",
                          "model-1cgya54412", "training-DOl4q2Lk ", "training-DOl4q2L\xC3\xA9"}) {
    EXPECT_FALSE(RunId::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace trainyard::model
