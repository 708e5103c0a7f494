#pragma once
// What was read of a file, block by block: enough to tell later whether it still has these bytes.
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "objectstore/object_store.hpp"

namespace trainyard::objectstore {

// The blocks of a file of `size` bytes: of 1 MiB, or the next power of two with which 65,536 do, so
// that its sums stay small. Uploads in parts begin each at a block, or those that two parts share
// would be no proof.
std::uint64_t checksum_block(std::uint64_t size);
// The least that is whole blocks of such a file: where its parts may begin.
std::uint64_t in_checksum_blocks(std::uint64_t least, std::uint64_t size);

// Thread-safe. Blocks may be read in any order and again; of each, what was read last counts.
class BlockChecksums {
 public:
  using Values = std::vector<std::uint64_t>;  // a CRC-64/NVME for each block

  explicit BlockChecksums(std::uint64_t size);
  void add(std::uint64_t offset, std::string_view bytes);
  // nullopt: some block was not read from its beginning to its end.
  std::optional<Values> values();

 private:
  struct Block {
    std::uint64_t crc = 0, filled = 0;
  };
  const std::uint64_t size_;
  const std::uint64_t block_size_;
  std::mutex mutex_;  // of blocks_
  std::vector<Block> blocks_;
};

// Reads until the first block that differs.
bool has_blocks(Source& source, const BlockChecksums::Values& expected);

}  // namespace trainyard::objectstore
