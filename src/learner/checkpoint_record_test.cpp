#include "learner/checkpoint_record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "learner/test_assignment.hpp"
#include "learner/test_files.hpp"

namespace trainyard::learner {
namespace {

using objectstore::KnownFile;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CheckpointRecord : public ::testing::Test {
 protected:
  TempDir dir_;
  Layout layout_ = layout_of(dir_.path(), test_assignment(), Confinement::None);
};

TEST_F(CheckpointRecord, IsReadAsItWasSaved) {
  const std::vector<KnownFile> files = {
      {"a b/model\n", 3, "AAAA="}, {"\xff", 0, "BBBB="}, {"big", 1ull << 40, "CCCC="}};
  EXPECT_THAT(load_checkpoint_record(layout_), IsEmpty());
  save_checkpoint_record(layout_, files);
  EXPECT_EQ(load_checkpoint_record(layout_), files);
}

TEST_F(CheckpointRecord, HasNoFileThatWasReplaced) {
  save_checkpoint_record(layout_, {{"kept", 1, "A="}, {"a b\n", 1, "B="}, {"replaced x", 1, "C="}});
  note_replaced_checkpoint(layout_, "a b\n");
  EXPECT_THAT(load_checkpoint_record(layout_),
              ElementsAre(KnownFile{"kept", 1, "A="}, KnownFile{"replaced x", 1, "C="}));
  note_replaced_checkpoint(layout_, "replaced x");
  EXPECT_THAT(load_checkpoint_record(layout_), ElementsAre(KnownFile{"kept", 1, "A="}));
  save_checkpoint_record(layout_, {{"a b\n", 1, "B="}});
  EXPECT_THAT(load_checkpoint_record(layout_), ElementsAre(KnownFile{"a b\n", 1, "B="}));
}

TEST_F(CheckpointRecord, ANoteThatWasCutOffSpoilsNoOther) {
  const std::vector<KnownFile> files{{"kept", 1, "A="}, {"replaced", 1, "B="}};
  for (const std::string torn : {"", "repl", "replaced ", "replaced ke"}) {
    save_checkpoint_record(layout_, files);
    const std::string whole = read_file(layout_.checkpoint_record(), 1000);
    put(layout_.checkpoint_record(), whole + '\0' + torn);
    EXPECT_EQ(load_checkpoint_record(layout_), files) << torn;
    note_replaced_checkpoint(layout_, "replaced");
    EXPECT_THAT(load_checkpoint_record(layout_), ElementsAre(files[0])) << torn;
  }
}

TEST_F(CheckpointRecord, ThatCannotBeWrittenToFailsNothing) {
  note_replaced_checkpoint(layout_, "model");
  EXPECT_THAT(load_checkpoint_record(layout_), IsEmpty());
}

TEST_F(CheckpointRecord, ThatIsDamagedIsNone) {
  for (const std::string text :
       {"x", "1 sum", "-1 sum path", "1x sum path", "99999999999999999999 s p"}) {
    put(layout_.checkpoint_record(), text + '\0');
    EXPECT_THAT(load_checkpoint_record(layout_), IsEmpty()) << text;
  }
}

}  // namespace
}  // namespace trainyard::learner
