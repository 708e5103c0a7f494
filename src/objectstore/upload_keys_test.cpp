#include "objectstore/upload_keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/error_testing.hpp"

namespace trainyard::objectstore {
namespace {

using testing::EndsWith;
using testing::MatchesRegex;
using testing::StartsWith;

TEST(UploadKeys, AreThePrefixAndThePath) {
  UploadKeys keys("p/");
  EXPECT_EQ(keys.key_of("a b/ü%.txt", {}), "p/a b/ü%.txt");
  EXPECT_EQ(keys.key_of(std::string(1022, 'x'), {}), "p/" + std::string(1022, 'x'));
}

TEST(UploadKeys, WhatOthersHaveAFirstPartOfGetsAnother) {
  UploadKeys keys("p/", {"learner-1"});
  EXPECT_EQ(keys.key_of("learner-10/a", {}), "p/learner-10/a");
  EXPECT_EQ(keys.key_of("x/learner-1/a", {}), "p/x/learner-1/a");
  const std::string moved = keys.key_of("learner-1/d/a", {});
  EXPECT_THAT(moved, MatchesRegex("p/learner-1~[0-9a-f]{8}/d/a"));
  const std::string folder = moved.substr(0, moved.size() - 3);
  EXPECT_EQ(keys.key_of("learner-1/b", {}), folder + "b") << "they stay together";
  EXPECT_EQ(keys.key_of("learner-1", {}) + "/", folder);
}

TEST(UploadKeys, BytesThatAreNoTextAreEscaped) {
  UploadKeys keys("p/");
  EXPECT_EQ(keys.key_of("bad\xff", {}), "p/bad%FF");
}

TEST(UploadKeys, LongOnesAreShortenedAroundAHash) {
  UploadKeys keys("p/");
  const std::string folder = std::string(600, 'd') + "/" + std::string(600, 'e') + "/";
  const std::string key = keys.key_of(folder + "best.pt", {});
  EXPECT_EQ(key.size(), 1024u);
  EXPECT_THAT(key, StartsWith("p/ddd"));
  EXPECT_THAT(key.substr(key.size() - 12), MatchesRegex("~[0-9a-f]{8}\\.pt"));
  EXPECT_NE(keys.key_of(folder + "last.pt", {}), key);
  EXPECT_EQ(keys.key_of(folder + "best.pt", {}), key);
  EXPECT_EQ(UploadKeys("p/").key_of(folder + "best.pt", {}), key) << "by another learner";
  const std::string in_a_dotted_folder = keys.key_of(std::string(1100, 'x') + ".d/f", {});
  EXPECT_THAT(in_a_dotted_folder.substr(in_a_dotted_folder.size() - 9),
              MatchesRegex("~[0-9a-f]{8}"));
}

TEST(UploadKeys, NoCharacterIsCutInTwo) {
  std::string path;
  for (int i = 0; i < 400; ++i) path += "語";
  EXPECT_THAT(UploadKeys("p/").key_of(path, {}), MatchesRegex("p/(語)+~[0-9a-f]{8}"));
}

TEST(UploadKeys, NoTwoPathsShareOne) {
  UploadKeys keys("p/");
  const std::string aside = keys.key_of("bad\xff", {"bad\xff", "bad%FF"});
  EXPECT_THAT(aside, MatchesRegex("p/bad%FF~[0-9a-f]{8}"));
  EXPECT_EQ(keys.key_of("bad%FF", {"bad\xff", "bad%FF"}), "p/bad%FF");
  // The other comes later.
  EXPECT_EQ(keys.key_of("x\xff", {"x\xff"}), "p/x%FF");
  EXPECT_THAT(keys.key_of("x%FF", {"x\xff", "x%FF"}), StartsWith("p/x%FF~"));
  EXPECT_EQ(keys.key_of("x\xff", {"x\xff", "x%FF"}), "p/x%FF");
}

TEST(UploadKeys, APrefixThatLeavesNoRoomIsRefused) {
  UploadKeys keys(std::string(1000, 'p') + "/");
  EXPECT_EQ(kind_of([&] { keys.key_of("a", {}); }), ErrorKind::TooLarge);
}

}  // namespace
}  // namespace trainyard::objectstore
