#include "repository/sealer.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <functional>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "base/error_testing.hpp"
#include "base/files.hpp"

namespace trainyard::repository {
namespace {

const Sealer kSealer(Secret(std::string(32, 'k')));

TEST(Sealer, OpensWhatItSealed) {
  for (const std::string& clear : {std::string(), std::string("secret"), std::string(5000, '\0')}) {
    const std::string sealed = kSealer.seal(Secret(clear), "run");
    EXPECT_EQ(kSealer.open(sealed, "run").reveal(), clear);
  }
}

TEST(Sealer, HidesTheSecretAndThatTwoAreEqual) {
  const std::string a = kSealer.seal(Secret("a-long-secret"), "run");
  EXPECT_EQ(a.find("a-long-secret"), std::string::npos);
  EXPECT_NE(a, kSealer.seal(Secret("a-long-secret"), "run"));
}

TEST(Sealer, OpensOnlyUnchangedBytesInTheirPlaceWithTheirKey) {
  const std::string sealed = kSealer.seal(Secret("secret"), "run-1");
  EXPECT_EQ(kind_of([&] { kSealer.open(sealed, "run-2"); }), ErrorKind::Corrupt);
  const Sealer other(Secret(std::string(32, 'o')));
  EXPECT_EQ(kind_of([&] { other.open(sealed, "run-1"); }), ErrorKind::Corrupt);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_EQ(kind_of([&] { kSealer.open(changed, "run-1"); }), ErrorKind::Corrupt) << i;
    EXPECT_EQ(kind_of([&] { kSealer.open(sealed.substr(0, i), "run-1"); }), ErrorKind::Corrupt);
  }
}

TEST(Sealer, WantsAKeyOfItsSize) {
  EXPECT_EQ(kind_of([] { Sealer(Secret("short")); }), ErrorKind::InvalidInput);
}

class KeyFile : public testing::Test {
 protected:
  TempDir dir_;
  fs::path path_ = dir_.path() / "key";
};

TEST_F(KeyFile, IsMadeOncePrivateAndKept) {
  const std::string sealed = Sealer::from_key_file(path_).seal(Secret("secret"), "run");
  struct stat info;
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(info.st_size, 32);
  EXPECT_EQ(Sealer::from_key_file(path_).open(sealed, "run").reveal(), "secret");
  EXPECT_EQ(std::distance(fs::directory_iterator(dir_.path()), {}), 1) << "nothing else is left";
}

TEST_F(KeyFile, IsRefusedWhenOthersMayReadIt) {
  write_file_atomic(path_, std::string(32, 'k'), 0640);
  EXPECT_EQ(kind_of([&] { Sealer::from_key_file(path_); }), ErrorKind::Forbidden);
}

TEST_F(KeyFile, IsNeverReplacedWhenDamaged) {
  write_file_atomic(path_, "short", 0600);
  EXPECT_EQ(kind_of([&] { Sealer::from_key_file(path_); }), ErrorKind::Corrupt);
  EXPECT_EQ(read_file(path_), "short");
}

TEST_F(KeyFile, IsOneForAllThatComeFirstAtOnce) {
  std::vector<std::string> sealed(8);
  std::vector<std::jthread> threads;
  for (std::string& mine : sealed) {
    threads.emplace_back(
        [&] { mine = Sealer::from_key_file(path_).seal(Secret("secret"), "run"); });
  }
  threads.clear();
  const Sealer sealer = Sealer::from_key_file(path_);
  for (const std::string& one : sealed) EXPECT_EQ(sealer.open(one, "run").reveal(), "secret");
}

}  // namespace
}  // namespace trainyard::repository
