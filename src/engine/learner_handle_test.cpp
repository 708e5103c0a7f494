#include "engine/learner_handle.hpp"

#include <gtest/gtest.h>

namespace trainyard::engine {
namespace {

TEST(LearnerHandle, SurvivesBeingStored) {
  const LearnerHandle handle{model::RunId::generate(), 3, {"b00t-id", 4711, 123456789}};
  EXPECT_EQ(handle.to_string(), handle.run.str() + "/3/b00t-id:4711:123456789");
  EXPECT_EQ(LearnerHandle::parse(handle.to_string()), handle);
}

TEST(LearnerHandle, NothingElseIsOne) {
  for (const char* text :
       {"", "/", "training-abcdefghi", "training-abcdefghi/1", "training-abcdefghi/0/b:1:2",
        "training-abcdefghi/-1/b:1:2", "training-abcdefghi/4294967296/b:1:2",
        "training-abcdefghi/1/b:0:2", "training-abcdefghi/1/b:1", "training-abc/1/b:1:2",
        "training-abcdefghi/1/b:1:2/", "fake:training-abcdefghi:1"})
    EXPECT_FALSE(LearnerHandle::parse(text)) << text;
}

}  // namespace
}  // namespace trainyard::engine
