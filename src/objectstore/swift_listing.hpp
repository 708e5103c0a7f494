#pragma once
// A page of a container's listing. Pure.
#include <string>
#include <string_view>
#include <vector>

#include "objectstore/object_store.hpp"

namespace trainyard::objectstore::swift {

struct Entry {
  ObjectInfo object;
  std::string hash;  // as it is listed: of a static large object that of its manifest
};
// Throws Corrupt.
std::vector<Entry> parse_listing(std::string_view json);

// An entry of a static large object's manifest.
struct ManifestEntry {
  std::string path;        // "/container/key"; empty: the bytes stand in the manifest itself
  std::string hash;        // its ETag, hex
  std::uint64_t size = 0;  // of the whole segment
  std::string range;       // "<first>-<last>", "<first>-" or "-<count>"; empty: all of it
  bool nested = false;     // it is a static large object itself
};
// As "?multipart-manifest=get" gives it; empty: the object is no static large one. Throws Corrupt.
std::vector<ManifestEntry> parse_static_manifest(std::string_view json);
// The bytes of the segment that its range takes. Throws Corrupt, also where that depends on the
// unknown size of a nested one.
std::uint64_t length_of_range(const ManifestEntry& entry);

// The manifest of a static large object out of its segments.
struct Segment {
  std::string path;  // "/container/key"
  std::string md5;   // hex
  std::uint64_t size = 0;
};
std::string static_manifest(const std::vector<Segment>& segments);

}  // namespace trainyard::objectstore::swift
