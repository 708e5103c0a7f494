#include "objectstore/link_names.hpp"

#include <gtest/gtest.h>

#include <map>

namespace trainyard::objectstore {
namespace {

class LinkNames : public testing::Test {
 protected:
  // Where a link of this target comes to that lies in the folder a/b.
  std::optional<std::string> of(const std::string& target) {
    links["a/b/link"] = target;
    return follow_names("a/b/link", {"/mnt/results/run", "/var/work/mnt/results/run"},
                        [this](const std::string& path) {
                          const auto found = links.find(path);
                          return found == links.end() ? std::nullopt : std::optional(found->second);
                        });
  }

  std::map<std::string, std::string> links;
};

TEST_F(LinkNames, AbsoluteOnesAreOfAnyNameOfTheDirectory) {
  EXPECT_EQ(of("/mnt/results/run/m.pt"), "m.pt");
  EXPECT_EQ(of("//mnt/./results/run//c/m.pt"), "c/m.pt");
  EXPECT_EQ(of("/var/work/mnt/results/run/c/m.pt"), "c/m.pt");
  EXPECT_EQ(of("/mnt/results/runs/m.pt"), std::nullopt);
  EXPECT_EQ(of("/mnt/results/_wml_checkpoints/m.pt"), std::nullopt);
  EXPECT_EQ(of("/mnt/results/run"), std::nullopt);
  EXPECT_EQ(of("/"), std::nullopt);
}

TEST_F(LinkNames, RelativeOnesMayComeBackIn) {
  EXPECT_EQ(of("m.pt"), "a/b/m.pt");
  EXPECT_EQ(of("../../m.pt"), "m.pt");
  EXPECT_EQ(of("../../../run/m.pt"), "m.pt");
  EXPECT_EQ(of("../../../../results/run/a/m.pt"), "a/m.pt");
  EXPECT_EQ(of("../../../other/m.pt"), std::nullopt);
  EXPECT_EQ(of("../../../other/../run/m.pt"), std::nullopt) << "what `other` is, nobody knows";
  EXPECT_EQ(of("../../../../../../../../mnt/results/run/m.pt"), "m.pt");
}

TEST_F(LinkNames, LinksOnTheWayAreFollowed) {
  links["latest"] = "/mnt/results/run/ckpt-9";
  links["ckpt-9/best"] = "../weights";
  links["out"] = "/etc";
  links["loop"] = "/mnt/results/run/loop";
  EXPECT_EQ(of("/mnt/results/run/latest/m.pt"), "ckpt-9/m.pt");
  EXPECT_EQ(of("../../latest/best"), "weights");
  EXPECT_EQ(of("/mnt/results/run/latest/../m.pt"), "m.pt");
  EXPECT_EQ(of("../../out/passwd"), std::nullopt);
  EXPECT_EQ(of("../../loop"), std::nullopt);
}

}  // namespace
}  // namespace trainyard::objectstore
