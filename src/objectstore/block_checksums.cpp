#include "objectstore/block_checksums.hpp"

#include <algorithm>
#include <string>

#include "base/hash.hpp"

namespace trainyard::objectstore {
namespace {

constexpr std::uint64_t kSmallestBlock = 1u << 20;
constexpr std::uint64_t kMostBlocks = 1u << 16;
constexpr std::uint64_t kBroken = ~std::uint64_t(0);  // until it is read from its beginning

std::uint64_t count_blocks(std::uint64_t size, std::uint64_t block) {
  return size / block + (size % block != 0);
}

}  // namespace

std::uint64_t checksum_block(std::uint64_t size) {
  std::uint64_t block = kSmallestBlock;
  while (count_blocks(size, block) > kMostBlocks) block *= 2;
  return block;
}

std::uint64_t in_checksum_blocks(std::uint64_t least, std::uint64_t size) {
  const std::uint64_t block = checksum_block(size);
  return count_blocks(least, block) * block;
}

BlockChecksums::BlockChecksums(std::uint64_t size)
    : size_(size), block_size_(checksum_block(size)), blocks_(count_blocks(size, block_size_)) {}

void BlockChecksums::add(std::uint64_t offset, std::string_view bytes) {
  std::scoped_lock guard(mutex_);
  while (!bytes.empty()) {
    Block& block = blocks_.at(offset / block_size_);
    const std::uint64_t within = offset % block_size_;
    const std::string_view piece = bytes.substr(0, block_size_ - within);
    if (within == 0) block = {};
    if (block.filled == within) {
      block.crc = crc64nvme(piece, block.crc);
      block.filled += piece.size();
    } else {
      block.filled = kBroken;
    }
    offset += piece.size();
    bytes.remove_prefix(piece.size());
  }
}

std::optional<BlockChecksums::Values> BlockChecksums::values() {
  std::scoped_lock guard(mutex_);
  Values values;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    if (blocks_[i].filled != std::min(block_size_, size_ - i * block_size_)) return std::nullopt;
    values.push_back(blocks_[i].crc);
  }
  return values;
}

bool has_blocks(Source& source, const BlockChecksums::Values& expected) {
  const std::uint64_t block_size = checksum_block(source.size());
  std::string buffer(std::min(kSmallestBlock, source.size()), '\0');
  std::size_t block = 0;
  for (std::uint64_t offset = 0; offset < source.size(); ++block) {
    const std::uint64_t end = std::min(source.size(), offset + block_size);
    std::uint64_t crc = 0;
    while (offset < end) {
      const std::size_t most = std::min<std::uint64_t>(buffer.size(), end - offset);
      const std::size_t got = source.read_at(offset, buffer.data(), most);
      if (got == 0) return false;
      crc = crc64nvme(std::string_view(buffer).substr(0, got), crc);
      offset += got;
    }
    if (block >= expected.size() || expected[block] != crc) return false;
  }
  return block == expected.size();
}

}  // namespace trainyard::objectstore
