#pragma once
// Which path each key of a listing becomes. Pure, and the documented rule (docs/object-storage.md):
//
//  1. The key without the prefix is the path; '/' separates directories.
//  2. An object of no bytes whose key ends in '/' is a directory.
//  3. A part of the path that no file name can be is escaped: nothing at all (from "//", a leading
//     or a trailing '/') is "%2F", "." is "%2E", ".." is "%2E%2E", a zero byte is "%00", and bytes
//     that are not UTF-8 are "%XX".
//  4. A part longer than 255 bytes keeps its beginning and its extension around "~" and eight hex
//     digits of its hash; so does a whole path longer than 3,000 bytes, which escapes can make of a
//     key.
//  5. Where a directory of that name is needed too ("a" beside "a/b"), or another key that needed
//     no change has the path, "~" and eight hex digits of the key's hash follow the name.
// Every path is relative and stays inside; no two are the same; whatever 3, 4 or 5 changed is
// remarked upon.
#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "objectstore/listing.hpp"
#include "objectstore/transfer.hpp"
#include "objectstore/transfer_log.hpp"

namespace trainyard::objectstore {

// Refers to the listing. Most keys are their paths: only the others take memory.
class KeyPaths {
 public:
  using Directories = std::set<std::string, std::less<>>;

  KeyPaths(const Listing& objects, std::size_t prefix_size)
      : objects_(&objects), prefix_size_(prefix_size) {}
  // Of the object with that index; empty for one that is only a directory.
  std::string_view path(std::size_t i) const;
  // All that are needed, parents first.
  const Directories& directories() const { return directories_; }
  const std::vector<Remark>& remarks() const { return remarks_; }

 private:
  friend class Placer;
  const Listing* objects_;
  std::size_t prefix_size_;
  std::unordered_map<std::size_t, std::string> placed_;  // where the key is not the path
  Directories directories_;
  std::vector<Remark> remarks_;
};

// Linux takes 4,095 bytes: 1,095 are left for the directory in which the tree stands, and for what
// a program puts in front of that.
constexpr std::size_t kLongestPath = 3000;

// No data set has more: it is kept in memory while the data is staged.
constexpr std::size_t kMostDirectoryText = std::size_t(1) << 30;

// Throws Corrupt for a key that does not begin with `prefix` or is listed twice in a row; TooLarge
// when the paths of the directories, one after the other, are longer than `most_directory_text`.
KeyPaths place_keys(const Listing& objects, std::string_view prefix,
                    std::size_t most_directory_text = kMostDirectoryText);

// "~" and eight hex digits.
std::string short_hash(std::string_view text);
// Rule 4, for any length from 64 bytes on; cuts no character in two.
std::string shorten(std::string_view name, std::size_t longest);

// Every remark, and how many objects became directories.
void log_places(const TransferLog& log, const Listing& objects, const KeyPaths& places);

}  // namespace trainyard::objectstore
