#pragma once
// Who has shown that they may read a tree of the cache, so that bytes of a bucket are given only to
// credentials that the store gives them to. Kept are hashes under a random key of this cache's own:
// they tell nothing about the credentials, here or elsewhere.
#include <string>

#include "base/secret.hpp"
#include "objectstore/cache_layout.hpp"

namespace trainyard::objectstore {

class CacheReaders {
 public:
  // Of these credentials. Makes the cache's key when there is none; losing it costs new proofs.
  CacheReaders(const CacheLayout& layout, const Secret& credentials);

  bool may_read(const std::string& tree) const;
  // They have shown it. While the tree is leased.
  void remember(const std::string& tree) const;

 private:
  const CacheLayout& layout_;
  std::string line_;  // that stands for the credentials
};

}  // namespace trainyard::objectstore
