#pragma once
// A page of a container's listing. Pure.
#include <string>
#include <string_view>
#include <vector>

#include "objectstore/object_store.hpp"

namespace trainyard::objectstore::swift {

struct Entry {
  ObjectInfo object;
  // A dynamic large object looks like an empty one here: only HEAD tells.
  bool may_be_dynamic = false;
};
// Throws Corrupt.
std::vector<Entry> parse_listing(std::string_view json);

// The manifest of a static large object out of its segments.
struct Segment {
  std::string path;  // "/container/key"
  std::string md5;   // hex
  std::uint64_t size = 0;
};
// As "?multipart-manifest=get" gives it; empty: the object is no static large one. A segment that
// is a large object itself, or a part of one, has no MD5. Throws Corrupt.
std::vector<Segment> parse_static_manifest(std::string_view json);
std::string static_manifest(const std::vector<Segment>& segments);

}  // namespace trainyard::objectstore::swift
