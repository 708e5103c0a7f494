#pragma once
// A whole listing of a bucket, and names made from it.
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "objectstore/object_store.hpp"

namespace trainyard::objectstore {

// What a listing tells of an object, in little memory: a bucket may have millions.
class ListedObject {
 public:
  explicit ListedObject(const ObjectInfo& object);  // without what no listing tells

  std::string_view key() const { return {text_.get(), key_size_}; }
  std::string_view etag() const { return {text_.get() + key_size_, etag_size_}; }
  std::uint64_t size() const { return size_; }
  bool segmented() const { return segmented_; }
  bool has_checksum() const { return checksum_.has_value(); }
  ObjectInfo info() const;

 private:
  struct ChecksumSort {
    ChecksumAlgorithm algorithm;
    ChecksumType type;
  };
  std::unique_ptr<char[]> text_;  // the key, then the ETag
  std::uint64_t size_;
  std::uint32_t key_size_, etag_size_;
  std::optional<ChecksumSort> checksum_;
  bool segmented_;
};

using Listing = std::deque<ListedObject>;  // addresses of its elements stay while it grows

// An object that stands for a directory, as consoles store it.
bool is_folder_marker(std::string_view key, std::uint64_t size);

// Appends every object below `prefix` to `into`, page by page; after each page `on_page` gets the
// index of its first object. Throws Corrupt when the store's pages lead nowhere, and when a key
// follows itself or pages come again; a key that comes again elsewhere is for the caller to notice.
void list_all(ObjectStore& store, const std::string& prefix, Listing& into,
              const std::function<void(std::size_t first)>& on_page, std::stop_token stop);

// As list_all(), for who reads the objects: asks the store with head(), on `connections` at once,
// about each object of a page whose listing names no ETag, and about each that is listed without
// bytes: a symbolic link or a large object of Swift, or of Ceph, may have some. Where the listing
// names a checksum of the whole, and at a key that ends in '/', none are looked for. Throws
// NotFound when there is no such object.
void list_for_reading(ObjectStore& store, const std::string& prefix, unsigned connections,
                      Listing& into, const std::function<void(std::size_t first)>& on_page,
                      std::stop_token stop);

// Corrupt, with the listing and the key.
[[noreturn]] void throw_listed_twice(const std::string& store, std::string_view key);

// Objects from the index `first` on of which not even head() told an ETag: nothing tells two
// versions of them apart.
std::size_t count_without_etag(const Listing& listing, std::size_t first = 0);

std::uint64_t total_bytes(const Listing& listing, std::size_t first = 0);

// Throws Internal unless so many files and bytes are the listing's.
void require_complete(const Listing& listing, std::uint64_t files, std::uint64_t bytes);

// 32 hex digits that stand for this state of this object of this store.
std::string object_id(const std::string& store, const ListedObject& object);
// The same for all that a prefix holds.
std::string tree_id(const std::string& store, const std::string& prefix, const Listing& listing);

}  // namespace trainyard::objectstore
