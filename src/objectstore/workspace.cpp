#include "objectstore/workspace.hpp"

#include "base/files.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "objectstore/file_ops.hpp"

namespace trainyard::objectstore {
namespace {

constexpr const char* kLockSuffix = ".lock";

fs::path lock_of(const fs::path& directory) { return directory.string() + kLockSuffix; }

// Somebody who clears away litter may hold it for a moment.
Lease take_new(const fs::path& directory) {
  while (true) {
    if (auto lease = Lease::try_take(lock_of(directory), Lease::Mode::Exclusive)) {
      return *std::move(lease);
    }
  }
}

}  // namespace

// The lock comes first: a directory without one is litter.
Workspace::Workspace(const CacheLayout& layout)
    : directory_(layout.work() / random_hex(8)), lease_(take_new(directory_)) {
  make_directory(directory_, 0700);
}

Workspace::~Workspace() {
  try {
    remove_tree(directory_);
    lease_.remove_file();
  } catch (const std::exception& error) {
    log::warn("left behind until the cache is opened again: {}", error.what());
  }
}

void remove_stale_workspaces(const CacheLayout& layout) {
  for (const fs::path& lock : entries(layout.work())) {
    if (lock.extension() != kLockSuffix) continue;
    auto lease = Lease::try_take(lock, Lease::Mode::Exclusive);
    if (!lease) continue;
    remove_tree(fs::path(lock).replace_extension());
    lease->remove_file();
  }
}

}  // namespace trainyard::objectstore
