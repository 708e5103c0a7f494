#pragma once
// Whether a tree of the cache still is what was put together.
#include <filesystem>
#include <optional>
#include <string>

#include "objectstore/key_paths.hpp"
#include "objectstore/listing.hpp"

namespace trainyard::objectstore {

// What is wrong in `root`, as a clause for the load log; nullopt: every object of the listing is a
// file of its size at its place, and nothing else is there. Asks for sizes only and reads no byte:
// a microsecond a file.
std::optional<std::string> find_damage(const std::filesystem::path& root, const Listing& listing,
                                       const KeyPaths& places);

}  // namespace trainyard::objectstore
