#include "objectstore/block_checksums.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "base/hash.hpp"
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

TEST(BlockChecksums, BlocksOfHugeFilesGrowSoThatTheirSumsStaySmall) {
  constexpr std::uint64_t kMiB = 1u << 20, kTiB = std::uint64_t(1) << 40;
  EXPECT_EQ(checksum_block(0), kMiB);
  EXPECT_EQ(checksum_block(65'536 * kMiB), kMiB);
  EXPECT_EQ(checksum_block(65'536 * kMiB + 1), 2 * kMiB);
  EXPECT_EQ(checksum_block(15 * kTiB), 256 * kMiB);
  EXPECT_EQ(checksum_block(UINT64_MAX) * 65'536 - 1, UINT64_MAX);
}

TEST(BlockChecksums, LargerBlocksAreReadInPieces) {
  constexpr std::uint64_t kSize = (std::uint64_t(64) << 30) + 5, kBlock = 2u << 20;
  class Zeros final : public Source {
   public:
    std::uint64_t size() const override { return kSize; }
    std::size_t read_at(std::uint64_t offset, char* into, std::size_t max) override {
      read_to = std::max(read_to, offset + max);
      most_at_once = std::max(most_at_once, max);
      std::memset(into, 0, max);
      return max;
    }
    std::uint64_t read_to = 0;
    std::size_t most_at_once = 0;
  } zeros;
  const std::string block(kBlock, '\0');
  BlockChecksums sums(kSize);
  sums.add(0, block);
  EXPECT_FALSE(sums.values());
  // The first block is right, the second is not: no more is read.
  EXPECT_FALSE(has_blocks(zeros, {crc64nvme(block), 1}));
  EXPECT_EQ(zeros.read_to, 2 * kBlock);
  EXPECT_LE(zeros.most_at_once, 1u << 20);
}

TEST(BlockChecksums, AGapIsNoProof) {
  BlockChecksums sums(kBytes.size());
  sums.add(0, std::string_view(kBytes).substr(0, 100));
  sums.add(200, std::string_view(kBytes).substr(200));
  EXPECT_FALSE(sums.values());
}

}  // namespace
}  // namespace trainyard::objectstore
