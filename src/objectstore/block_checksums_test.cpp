#include "objectstore/block_checksums.hpp"

#include <gtest/gtest.h>

#include <string>

#include "objectstore/sources.hpp"

namespace trainyard::objectstore {
namespace {

const std::string kBytes = std::string(1u << 20, 'a') + std::string(1u << 20, 'b') + "end";

BlockChecksums::Values read_whole(const std::string& bytes) {
  BlockChecksums sums(bytes.size());
  sums.add(0, bytes);
  return sums.values().value();
}

TEST(BlockChecksums, TellWhetherTheBytesAreTheSame) {
  const auto values = read_whole(kBytes);
  StringSource same(kBytes), longer(kBytes + "!"), shorter(kBytes.substr(0, 1u << 20)), none("");
  EXPECT_TRUE(has_blocks(same, values));
  EXPECT_FALSE(has_blocks(longer, values));
  EXPECT_FALSE(has_blocks(shorter, values));
  EXPECT_FALSE(has_blocks(none, values));
  EXPECT_TRUE(has_blocks(none, read_whole("")));
  std::string other = kBytes;
  other[1u << 20] = 'x';
  StringSource changed(other);
  EXPECT_FALSE(has_blocks(changed, values));
}

TEST(BlockChecksums, TakeBlocksInAnyOrderAndAgain) {
  BlockChecksums sums(kBytes.size());
  sums.add(1u << 20, std::string_view(kBytes).substr(1u << 20));
  EXPECT_FALSE(sums.values());
  sums.add(0, std::string(700'000, 'z'));  // given up, and begun anew
  sums.add(0, std::string_view(kBytes).substr(0, 500'000));
  EXPECT_FALSE(sums.values());
  sums.add(500'000, std::string_view(kBytes).substr(500'000, 700'000));  // into the next block
  EXPECT_FALSE(sums.values()) << "the second block was begun anew and not ended";
  sums.add(1'200'000, std::string_view(kBytes).substr(1'200'000));
  EXPECT_EQ(sums.values(), read_whole(kBytes));
}

TEST(BlockChecksums, AGapIsNoProof) {
  BlockChecksums sums(kBytes.size());
  sums.add(0, std::string_view(kBytes).substr(0, 100));
  sums.add(200, std::string_view(kBytes).substr(200));
  EXPECT_FALSE(sums.values());
}

}  // namespace
}  // namespace trainyard::objectstore
