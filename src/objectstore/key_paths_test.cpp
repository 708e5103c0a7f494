#include "objectstore/key_paths.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "base/error.hpp"
#include "base/strings.hpp"

namespace trainyard::objectstore {
namespace {

Listing objects(const std::vector<std::string>& keys, std::uint64_t size = 1) {
  Listing result;
  for (const std::string& key : keys) result.emplace_back(ObjectInfo{key, size, "e"});
  return result;
}

std::map<std::string, std::string> placed(const std::vector<std::string>& keys,
                                          std::string_view prefix = {}) {
  const auto list = objects(keys);
  const KeyPaths result = place_keys(list, prefix);
  std::map<std::string, std::string> map;
  for (std::size_t i = 0; i < keys.size(); ++i) map[keys[i]] = result.path(i);
  return map;
}

TEST(KeyPaths, OrdinaryKeysAreTheirPaths) {
  const auto paths = placed({"train/a b+c%20.gz", "train/\xc3\xa9", "x", "a:b*?\\"});
  for (const auto& [key, path] : paths) EXPECT_EQ(path, key);
  EXPECT_TRUE(place_keys(objects({"a", "b/c"}), "").remarks().empty());
}

TEST(KeyPaths, ThePrefixIsTakenOff) {
  EXPECT_EQ(placed({"data/train/a"}, "data/").at("data/train/a"), "train/a");
  EXPECT_THROW(place_keys(objects({"other/a"}), "data/"), Error);
}

TEST(KeyPaths, PartsThatNoNameCanBeAreEscaped) {
  struct Row {
    std::string key, path;
  };
  for (const Row& row : {
           Row{"a//b", "a/%2F/b"},
           Row{"/lead", "%2F/lead"},
           Row{"../../etc/passwd", "%2E%2E/%2E%2E/etc/passwd"},
           Row{"a/./b", "a/%2E/b"},
           Row{"..", "%2E%2E"},
           Row{"trail/", "trail/%2F"},  // it has bytes
           Row{std::string("z\0y", 3), "z%00y"},
           Row{"bad\xff\xc3\xa9\xc3", "bad%FF\xc3\xa9%C3"},
       }) {
    EXPECT_EQ(placed({row.key}).at(row.key), row.path);
    EXPECT_EQ(place_keys(objects({row.key}), "").remarks().size(), 1u);
  }
}

TEST(KeyPaths, AnEmptyObjectWithATrailingSlashIsADirectory) {
  const auto list = objects({"data/", "data/empty/", "data/x/y/"}, 0);
  const KeyPaths result = place_keys(list, "data/");
  for (std::size_t i = 0; i < list.size(); ++i) EXPECT_EQ(result.path(i), "");
  EXPECT_EQ(result.directories(), (KeyPaths::Directories{"empty", "x", "x/y"}));
  EXPECT_TRUE(result.remarks().empty());
}

TEST(KeyPaths, AnObjectBesideADirectoryOfItsNameStepsAside) {
  const auto list = objects({"a", "a!", "a/b", "a/b/c"});
  const KeyPaths result = place_keys(list, "");
  EXPECT_EQ(result.path(0), "a~ca978112");  // sha256("a") begins so
  EXPECT_EQ(result.path(1), "a!");
  EXPECT_TRUE(result.path(2).starts_with("a/b~"));
  EXPECT_EQ(result.path(3), "a/b/c");
  ASSERT_EQ(result.remarks().size(), 2u);
  EXPECT_EQ(result.remarks()[0].name, "a");
  EXPECT_EQ(result.remarks()[0].detail, "placed as a~ca978112: there are objects below it");
}

TEST(KeyPaths, AChangedKeyDoesNotTakeThePathOfAnotherOne) {
  const auto paths = placed({"a/%2F/b", "a//b"});
  EXPECT_EQ(paths.at("a/%2F/b"), "a/%2F/b");
  EXPECT_TRUE(paths.at("a//b").starts_with("a/%2F/b~"));
}

TEST(KeyPaths, NotEvenWhenTheOtherOneGuessesWhereItGoes) {
  const auto paths = placed({"a", "a/b", "a~ca978112"});
  EXPECT_EQ(paths.at("a~ca978112"), "a~ca978112");
  EXPECT_TRUE(paths.at("a").starts_with("a~"));
  EXPECT_NE(paths.at("a"), "a~ca978112");
}

TEST(KeyPaths, OverlongNamesKeepTheirBeginningAndExtension) {
  const std::string key = "d/" + std::string(300, 'x') + ".tfrecord.gz";
  const std::string path = placed({key}).at(key);
  EXPECT_EQ(path.size(), 2u + 255u);
  EXPECT_TRUE(path.starts_with("d/xxxxx"));
  EXPECT_TRUE(path.ends_with(".gz"));
  std::string accents;
  while (accents.size() < 400) accents += "\xc3\xa9";
  EXPECT_TRUE(valid_utf8(placed({accents}).at(accents)));
  EXPECT_LE(placed({accents}).at(accents).size(), 255u);
  EXPECT_NE(placed({accents + "1", accents + "2"}).at(accents + "1"),
            placed({accents + "1", accents + "2"}).at(accents + "2"));
}

TEST(KeyPaths, OverlongPathsKeepTheirBeginning) {
  const std::string slashes(1023, '/'), garbage(1024, '\xff');
  std::string deep;
  while (deep.size() < 900) deep += "\xff\xff\xff\xff/";
  const std::vector<std::string> keys{
      slashes,        slashes.substr(1) + "x.gz",    slashes.substr(1) + "y", garbage,
      deep + "a.txt", deep + std::string(80, '\xff')};
  const auto paths = placed(keys);
  EXPECT_EQ(paths.at(slashes).size(), kLongestPath);
  EXPECT_TRUE(paths.at(slashes).starts_with("%2F/%2F/"));
  EXPECT_TRUE(paths.at(keys[1]).ends_with(".gz"));
  EXPECT_EQ(paths.at(garbage).size(), 255u);
  EXPECT_TRUE(paths.at(keys[4]).ends_with("/a.txt"));  // long, but not too long
  std::set<std::string> seen;
  for (const auto& [key, path] : paths) {
    EXPECT_TRUE(seen.insert(path).second);
    EXPECT_LE(path.size(), kLongestPath);
    for (const std::string& name : split(path, '/')) EXPECT_LE(name.size(), 255u);
  }
  EXPECT_EQ(place_keys(objects({slashes}), "").remarks().size(), 1u);
}

// What steps aside from a path of that length gets no longer.
TEST(KeyPaths, APathOfTheGreatestLengthStepsAside) {
  std::string path;
  while (path.size() < kLongestPath - 4) path += "d/";
  for (const char* name : {"e", "de"}) {
    const std::string long_one = path + name, below = long_one + "/f";
    const std::string moved = placed({long_one, below}).at(long_one);
    EXPECT_LE(moved.size(), kLongestPath);
    EXPECT_NE(moved, long_one);
  }
}

// A few deep keys name as many directories as all others together: there is an end to that.
TEST(KeyPaths, MoreDirectoriesThanFitInMemoryAreRefused) {
  const auto list = objects({"a/b/c/1", "a/b/c/2", "d/x"});
  constexpr std::size_t kText = 1 + 3 + 5 + 1;  // "a", "a/b", "a/b/c", "d"
  EXPECT_EQ(place_keys(list, "", kText).directories().size(), 4u);
  try {
    place_keys(list, "", kText - 1);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::TooLarge);
    EXPECT_NE(std::string(error.what()).find("'d/x'"), std::string::npos) << error.what();
  }
}

TEST(KeyPaths, ADuplicateIsRefused) { EXPECT_THROW(place_keys(objects({"a", "a"}), ""), Error); }

// Whatever the keys are: every path is distinct, none is a directory, none leaves, each can be
// made.
TEST(KeyPaths, AnyKeysGetSoundPaths) {
  std::mt19937 random(7);
  const std::string alphabet("ab/./%2F\0\xff\xc3\xa9~", 14);
  for (int round = 0; round < 300; ++round) {
    std::set<std::string> keys;
    while (keys.size() < 40) {
      std::string key;
      for (unsigned n = 1 + random() % 8; n > 0; --n) key += alphabet[random() % alphabet.size()];
      keys.insert(key);
    }
    const auto list = objects({keys.begin(), keys.end()}, random() % 2);
    const KeyPaths result = place_keys(list, "");
    std::set<std::string> seen(result.directories().begin(), result.directories().end());
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string path(result.path(i));
      if (path.empty()) continue;
      EXPECT_TRUE(seen.insert(path).second) << printable(path);
      EXPECT_TRUE(valid_utf8(path));
      for (const std::string& name : split(path, '/')) {
        EXPECT_TRUE(!name.empty() && name != "." && name != ".." && name.size() <= 255);
        EXPECT_EQ(name.find('\0'), name.npos);
      }
      for (std::size_t end = path.find('/'); end != path.npos; end = path.find('/', end + 1)) {
        EXPECT_TRUE(result.directories().contains(path.substr(0, end)));
      }
    }
  }
}

}  // namespace
}  // namespace trainyard::objectstore
