#pragma once
// A bucket in memory, for tests: ordered listing in pages, ETags that are MD5s, preconditions.
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "objectstore/object_store.hpp"

namespace trainyard::objectstore {

enum class ETags { Everywhere, NotListed, Nowhere };

struct MemoryStoreOptions {
  std::string description = "memory://bucket";
  std::size_t page_size = 1000;
  std::optional<ChecksumAlgorithm> checksum = {};  // that it keeps of every object
  ETags etags = ETags::Everywhere;
};
std::unique_ptr<ObjectStore> make_memory_store(MemoryStoreOptions options = {});

}  // namespace trainyard::objectstore
