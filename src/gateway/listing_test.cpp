#include "gateway/listing.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace trainyard::gateway {
namespace {

using Strings = std::vector<std::string>;

// A bucket in memory that counts the keys it was asked for.
struct Keys {
  explicit Keys(Strings all) : sorted(std::move(all)) { std::sort(sorted.begin(), sorted.end()); }

  KeyScan scan() {
    return [this](const std::string& from, Bound bound, const auto& visit) {
      auto at = bound == Bound::Inclusive ? std::lower_bound(sorted.begin(), sorted.end(), from)
                                          : std::upper_bound(sorted.begin(), sorted.end(), from);
      for (; at != sorted.end(); ++at) {
        ++touched;
        ObjectRecord object;
        object.key = *at;
        if (!visit(std::move(object))) return;
      }
    };
  }

  Strings sorted;
  int touched = 0;
};

Strings keys_of(const Listing& listing) {
  Strings out;
  for (const ObjectRecord& object : listing.objects) out.push_back(object.key);
  return out;
}

struct Case {
  std::string name;
  ListQuery query;
  Strings keys, prefixes;
  bool truncated = false;
  std::string last;
};

TEST(Listing, FollowsS3) {
  const Strings bucket = {"a",
                          "a/1",
                          "a/2",
                          "a/b/3",
                          "b",
                          "b/",
                          "b//x",
                          "c d",
                          "c+d",
                          "\xc3\xa9",
                          "\xf0\x9f\x98\x80",
                          "Z",
                          "x",
                          "x/y",
                          "~last",
                          "/lead"};
  const Case cases[] = {
      {"everything in byte order",
       {},
       {"/lead", "Z", "a", "a/1", "a/2", "a/b/3", "b", "b/", "b//x", "c d", "c+d", "x", "x/y",
        "~last", "\xc3\xa9", "\xf0\x9f\x98\x80"},
       {},
       false,
       "\xf0\x9f\x98\x80"},
      {"prefix", {"a/", "", "", 1000}, {"a/1", "a/2", "a/b/3"}, {}, false, "a/b/3"},
      {"top level",
       {"", "/", "", 1000},
       {"Z", "a", "b", "c d", "c+d", "x", "~last", "\xc3\xa9", "\xf0\x9f\x98\x80"},
       {"/", "a/", "b/", "x/"},
       false,
       "\xf0\x9f\x98\x80"},
      {"below a prefix", {"a/", "/", "", 1000}, {"a/1", "a/2"}, {"a/b/"}, false, "a/b/"},
      {"a key that is its own prefix", {"b/", "/", "", 1000}, {"b/"}, {"b//"}, false, "b//"},
      {"first page", {"", "/", "", 3}, {"Z", "a"}, {"/"}, true, "a"},
      {"page that ends with a common prefix",
       {"", "/", "", 4},
       {"Z", "a"},
       {"/", "a/"},
       true,
       "a/"},
      {"next page after a common prefix", {"", "/", "a/", 2}, {"b"}, {"b/"}, true, "b/"},
      {"start inside a common prefix", {"", "/", "a/1", 2}, {"b"}, {"b/"}, true, "b/"},
      {"start before the prefix", {"x", "", "a", 1000}, {"x", "x/y"}, {}, false, "x/y"},
      {"start behind the prefix", {"a/", "", "b", 1000}, {}, {}, false, ""},
      {"start at the last key", {"", "", "\xf0\x9f\x98\x80", 10}, {}, {}, false, ""},
      {"exactly one page", {"a/", "", "", 3}, {"a/1", "a/2", "a/b/3"}, {}, false, "a/b/3"},
      {"one short of the end", {"a/", "", "", 2}, {"a/1", "a/2"}, {}, true, "a/2"},
      {"no keys wanted", {"", "", "", 0}, {}, {}, false, ""},
      {"nothing there", {"nope", "/", "", 1000}, {}, {}, false, ""},
      {"delimiter of several characters", {"", "/b/", "b//x", 2}, {"c d", "c+d"}, {}, true, "c+d"},
      {"delimiter of several characters, common prefix",
       {"a", "/b/", "", 1000},
       {"a", "a/1", "a/2"},
       {"a/b/"},
       false,
       "a/b/"},
      {"delimiter that is a letter", {"", "d", "c", 2}, {}, {"c d", "c+d"}, true, "c+d"},
  };
  for (const Case& c : cases) {
    Keys keys(bucket);
    const Listing listing = list_page(keys.scan(), c.query);
    EXPECT_EQ(keys_of(listing), c.keys) << c.name;
    EXPECT_EQ(listing.prefixes, c.prefixes) << c.name;
    EXPECT_EQ(listing.truncated, c.truncated) << c.name;
    EXPECT_EQ(listing.last, c.last) << c.name;
  }
}

TEST(Listing, PagesOfAnySizeTogetherAreTheWhole) {
  const Strings bucket = {"a", "a/1", "a/2", "a/b/3", "b/", "b//x", "c", "d/1", "d/2", "e"};
  for (const std::string delimiter : {"", "/"}) {
    Keys all(bucket);
    const Listing whole = list_page(all.scan(), {"", delimiter, "", 1000});
    for (std::size_t size = 1; size <= bucket.size(); ++size) {
      Strings keys, prefixes;
      ListQuery query{"", delimiter, "", size};
      for (bool more = true; more;) {
        Keys page(bucket);
        const Listing listing = list_page(page.scan(), query);
        for (const auto& key : keys_of(listing)) keys.push_back(key);
        for (const auto& prefix : listing.prefixes) prefixes.push_back(prefix);
        EXPECT_LE(listing.objects.size() + listing.prefixes.size(), size);
        query.after = listing.last;
        more = listing.truncated;
      }
      EXPECT_EQ(keys, keys_of(whole)) << size;
      EXPECT_EQ(prefixes, whole.prefixes) << size;
    }
  }
}

TEST(Listing, PassesOverTheKeysBelowACommonPrefix) {
  Strings bucket;
  for (int directory = 0; directory < 10; ++directory) {
    for (int file = 0; file < 1000; ++file) {
      bucket.push_back("d" + std::to_string(directory) + "/f" + std::to_string(file));
    }
  }
  Keys keys(bucket);
  const Listing listing = list_page(keys.scan(), {"", "/", "", 1000});
  EXPECT_EQ(listing.prefixes.size(), 10u);
  EXPECT_LE(keys.touched, 10);
}

TEST(Listing, PassesOverACommonPrefixThatEndsWithTheHighestByte) {
  Keys keys(
      {"a\xff"
       "1",
       "a\xff"
       "2",
       "b"});
  const Listing listing = list_page(keys.scan(), {"", "\xff", "", 1000});
  EXPECT_EQ(listing.prefixes, Strings{"a\xff"});
  EXPECT_EQ(keys_of(listing), Strings{"b"});
}

}  // namespace
}  // namespace trainyard::gateway
