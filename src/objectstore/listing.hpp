#pragma once
// A whole listing of a bucket, and names made from it.
#include <cstddef>
#include <deque>
#include <functional>
#include <stop_token>
#include <string>

#include "objectstore/object_store.hpp"

namespace trainyard::objectstore {

using Listing = std::deque<ObjectInfo>;  // addresses of its elements stay while it grows

// Appends every object below `prefix` to `into`, page by page; after each page `on_page` gets the
// index of its first object. Throws Corrupt when the store's pages lead nowhere.
void list_all(ObjectStore& store, const std::string& prefix, Listing& into,
              const std::function<void(std::size_t first)>& on_page, std::stop_token stop);

// As list_all(); asks the store with head(), on `connections` at once, for the ETag of each object
// of a page whose listing names none.
void list_with_etags(ObjectStore& store, const std::string& prefix, unsigned connections,
                     Listing& into, const std::function<void(std::size_t first)>& on_page,
                     std::stop_token stop);

// Objects from the index `first` on of which not even head() told an ETag: nothing tells two
// versions of them apart.
std::size_t count_without_etag(const Listing& listing, std::size_t first = 0);

std::uint64_t total_bytes(const Listing& listing, std::size_t first = 0);

// Throws Internal unless so many files and bytes are the listing's.
void require_complete(const Listing& listing, std::uint64_t files, std::uint64_t bytes);

// 32 hex digits that stand for this state of this object of this store.
std::string object_id(const std::string& store, const ObjectInfo& object);
// The same for all that a prefix holds.
std::string tree_id(const std::string& store, const std::string& prefix, const Listing& listing);

}  // namespace trainyard::objectstore
