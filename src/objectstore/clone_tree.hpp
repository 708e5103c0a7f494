#pragma once
#include <cstdint>
#include <filesystem>
#include <stop_token>

#include "base/fd.hpp"
#include "objectstore/disk_space.hpp"

namespace trainyard::objectstore {

// Copies a tree of directories and regular files into `to`, which is created: by reflink where the
// file system shares blocks, else byte for byte, then checked against the space above `free_floor`
// first (`need` is what a copy takes; `reservations` as in TransferOptions). Files get mode
// 0644, directories 0755, whatever the umask is. Throws Exhausted, Canceled.
void clone_tree(const std::filesystem::path& from, const std::filesystem::path& to,
                const DiskSpace& need, std::uint64_t free_floor,
                const std::filesystem::path& reservations, std::stop_token stop);

// The bytes of one file into an empty one, likewise; looks at no space.
void clone_file(const Fd& from, const Fd& to, const std::stop_token& stop);

}  // namespace trainyard::objectstore
