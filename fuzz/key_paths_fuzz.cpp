// Any keys, one a line; a line that begins with '0' is an object without bytes. Every path stays
// inside, is a name that can be, and is no other's.
#include <set>
#include <string>

#include "base/strings.hpp"
#include "fuzzing.hpp"
#include "objectstore/key_paths.hpp"

using namespace trainyard::fuzzing;

namespace {

namespace store = trainyard::objectstore;

store::Listing read_listing(std::string_view text) {
  store::Listing listing;
  std::set<std::string> keys;
  for (const std::string& line : trainyard::split(text, '\n')) {
    if (line.size() > 1 && keys.insert(line.substr(1)).second) {
      listing.emplace_back(store::ObjectInfo{line.substr(1), line[0] == '0' ? 0u : 1u, "e"});
    }
  }
  return listing;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const store::Listing listing = read_listing(text_of(data, size));
  const store::KeyPaths places = store::place_keys(listing, "");
  std::set<std::string> taken(places.directories().begin(), places.directories().end());
  for (std::size_t i = 0; i < listing.size(); ++i) {
    const std::string path(places.path(i));
    require(!path.empty() || listing[i].size() == 0);
    if (path.empty()) continue;
    require(path.size() <= store::kLongestPath);
    require(taken.insert(path).second);
    for (const std::string& name : trainyard::split(path, '/')) {
      require(!name.empty() && name != "." && name != ".." && name.size() <= 255);
      require(name.find('\0') == name.npos);
    }
    const std::size_t slash = path.rfind('/');
    require(slash == path.npos || taken.contains(path.substr(0, slash)));
  }
  return 0;
}
