#pragma once
// What belongs on a page of a listing: prefix, delimiter, start and count, over any source of keys
// in byte order. Pure; the index is one source, a vector in a test another.
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "gateway/index.hpp"

namespace trainyard::gateway {

struct ListQuery {
  std::string prefix;
  std::string delimiter;  // empty: none
  std::string after;      // only keys and common prefixes behind this; empty: all
  std::size_t max_keys = 1000;
};

struct Listing {
  std::vector<ObjectRecord> objects;
  std::vector<std::string> prefixes;  // common ones
  bool truncated = false;
  std::string last;  // the last key or common prefix listed: `after` for the next page
};

// Calls `visit` with keys from `from` on, in order, until it returns false.
using KeyScan = std::function<void(const std::string& from, Bound bound,
                                   const std::function<bool(ObjectRecord&&)>& visit)>;

// Keys below a common prefix are passed over by one seek, however many there are.
Listing list_page(const KeyScan& scan, const ListQuery& query);

}  // namespace trainyard::gateway
