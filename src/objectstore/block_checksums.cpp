#include "objectstore/block_checksums.hpp"

#include <algorithm>
#include <string>

#include "base/hash.hpp"

namespace trainyard::objectstore {
namespace {

constexpr std::uint64_t kBlock = 1u << 20;
constexpr std::uint64_t kBroken = ~std::uint64_t(0);  // until it is read from its beginning

}  // namespace

BlockChecksums::BlockChecksums(std::uint64_t size)
    : size_(size), blocks_((size + kBlock - 1) / kBlock) {}

void BlockChecksums::add(std::uint64_t offset, std::string_view bytes) {
  std::scoped_lock guard(mutex_);
  while (!bytes.empty()) {
    Block& block = blocks_.at(offset / kBlock);
    const std::uint64_t within = offset % kBlock;
    const std::string_view piece = bytes.substr(0, kBlock - within);
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
    if (blocks_[i].filled != std::min(kBlock, size_ - i * kBlock)) return std::nullopt;
    values.push_back(blocks_[i].crc);
  }
  return values;
}

bool has_blocks(Source& source, const BlockChecksums::Values& expected) {
  std::string buffer(std::min(kBlock, source.size()), '\0');
  std::size_t block = 0;
  for (std::uint64_t offset = 0; offset < source.size(); ++block) {
    const std::uint64_t end = std::min(source.size(), offset + kBlock);
    std::uint64_t crc = 0;
    while (offset < end) {
      const std::size_t got = source.read_at(offset, buffer.data(), end - offset);
      if (got == 0) return false;
      crc = crc64nvme(std::string_view(buffer).substr(0, got), crc);
      offset += got;
    }
    if (block >= expected.size() || expected[block] != crc) return false;
  }
  return block == expected.size();
}

}  // namespace trainyard::objectstore
