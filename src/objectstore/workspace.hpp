#pragma once
// A directory inside the cache in which one process puts a tree together. Hard links in it keep the
// objects that they name from being evicted. It goes with its owner, also after kill -9.
#include <string>

#include "objectstore/cache_layout.hpp"
#include "objectstore/lease.hpp"

namespace trainyard::objectstore {

class Workspace {
 public:
  explicit Workspace(const CacheLayout& layout);
  ~Workspace();
  Workspace(const Workspace&) = delete;

  std::filesystem::path pin(const std::string& id) const { return directory_ / id; }
  std::filesystem::path tree() const { return directory_ / "tree"; }

 private:
  std::filesystem::path directory_;
  Lease lease_;
};

// Those whose owners are gone.
void remove_stale_workspaces(const CacheLayout& layout);

}  // namespace trainyard::objectstore
