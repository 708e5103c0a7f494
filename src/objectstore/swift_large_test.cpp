// Large objects of Swift on the way in: what they are made of, and that their bytes are those.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "base/error_testing.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "objectstore/fake_swift.hpp"
#include "objectstore/served_store_fixture.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::objectstore {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string md5_hex(std::string_view bytes) { return to_hex(digest(Digest::Md5, bytes)); }

class SwiftLarge : public testing::Test {
 protected:
  SwiftLarge() {
    swift.put("parts", "a", "first ");
    swift.put("parts", "b", "second ");
  }
  // "size:md5" of each.
  std::vector<std::string> segments(const std::string& key) {
    std::vector<std::string> texts;
    const auto head = store->head(key, {});
    for (const ObjectSegment& segment : head->segments) {
      texts.push_back(std::to_string(segment.size) + ":" + segment.md5);
    }
    return texts;
  }
  // Into an empty directory; what was logged.
  std::vector<std::string> fetch() {
    std::vector<std::string> lines;
    target.emplace("trainyard-", scratch());
    TransferOptions options{.connections = 4, .free_floor = 0};
    options.on_log = [&](std::string_view line) { lines.emplace_back(line); };
    download_tree(*store, "", target->path(), options, {});
    return lines;
  }
  std::string fetched(const std::string& key) { return read_file(target->path() / key); }

  FakeSwiftStore fake;
  FakeSwift& swift = *fake.server;
  std::unique_ptr<ObjectStore> store = fake.open(fake.options());
  std::optional<TempDir> target;
  const std::string a = "6:" + md5_hex("first "), b = "7:" + md5_hex("second ");
  static constexpr const char* kLengthOnly = "the store gives no checksum";
};

TEST_F(SwiftLarge, TheSegmentsOfAStaticOneAreThoseOfItsManifest) {
  swift.put_static("mnist", "large", {"/parts/a", "/parts/b", "data aGVsbG8="});
  EXPECT_THAT(segments("large"), ElementsAre(a, b, "5:" + md5_hex("hello")));
  EXPECT_THAT(fetch(), Not(Contains(HasSubstr(kLengthOnly))));
  EXPECT_EQ(fetched("large"), "first second hello");
}

TEST_F(SwiftLarge, ThoseOfNestedManifestsAreItsOwn) {
  swift.put_static("inner", "of/two", {"/parts/a", "/parts/b"});
  swift.put_static("mnist", "large", {"/parts/b", "/inner/of/two", "/parts/a"});
  EXPECT_THAT(segments("large"), ElementsAre(b, a, b, a));
  EXPECT_THAT(fetch(), Not(Contains(HasSubstr(kLengthOnly))));
  EXPECT_EQ(fetched("large"), "second first second first ");
}

TEST_F(SwiftLarge, ARangeOfASegmentIsVerifiedByItsLength) {
  swift.put_static("mnist", "large", {"/parts/a 1-3", "/parts/b"});
  EXPECT_THAT(segments("large"), ElementsAre("3:", b));
  EXPECT_THAT(fetch(), Contains(HasSubstr(kLengthOnly)));
  EXPECT_EQ(fetched("large"), "irssecond ");
}

TEST_F(SwiftLarge, TheSegmentsOfADynamicOneAreThoseOfItsContainer) {
  swift.put("parts", "d/1", "one ");
  swift.put("parts", "d/2", "two ");
  swift.put_dynamic("large", "parts", "d/");
  swift.most_listed = 1;
  EXPECT_THAT(segments("large"), ElementsAre("4:" + md5_hex("one "), "4:" + md5_hex("two ")));
  EXPECT_THAT(fetch(), Not(Contains(HasSubstr(kLengthOnly))));
  EXPECT_EQ(fetched("large"), "one two ");
}

// It is listed as an empty object, with the MD5 of one.
TEST_F(SwiftLarge, ALinkIsWhatItLeadsTo) {
  swift.put_static("parts", "large", {"/parts/a", "/parts/b"});
  swift.put_link("plain", "/parts/a");
  swift.put_link("to/large", "/parts/large");
  swift.put("mnist", "empty", "");
  EXPECT_THAT(fetch(), Not(Contains(HasSubstr(kLengthOnly))));
  EXPECT_EQ(fetched("plain"), "first ");
  EXPECT_EQ(fetched("to/large"), "first second ");
  EXPECT_EQ(fetched("empty"), "");
}

TEST_F(SwiftLarge, ALinkToNothingIsNamed) {
  swift.put_link("plain", "/parts/gone");
  std::string text;
  EXPECT_EQ(kind_of([&] { fetch(); }, &text), ErrorKind::NotFound);
  EXPECT_THAT(text, HasSubstr("'plain' is listed in swift://mnist"));
}

TEST_F(SwiftLarge, SegmentsThatMayNotBeReadLeaveTheLength) {
  swift.put_static("mnist", "static", {"/parts/a"});
  swift.put("parts", "d/1", "one ");
  swift.put_dynamic("dynamic", "parts", "d/");
  for (const Fault& fault :
       {Fault{.status = 403}, Fault{.status = 404}, Fault{.status = 200, .body = "<html>"},
        Fault{.status = 200, .body = "[]"}}) {
    swift.script = [fault](const http::ClientRequest& request, unsigned) -> std::optional<Fault> {
      const bool asks = request.url.find("multipart-manifest=get") != std::string::npos ||
                        request.url.find("AUTH_p/parts?") != std::string::npos;
      return asks ? std::optional(fault) : std::nullopt;
    };
    EXPECT_THAT(segments("static"), IsEmpty());
    EXPECT_THAT(fetch(), Contains(HasSubstr("of 2 files of them the store gives no checksum")));
    EXPECT_EQ(fetched("static") + fetched("dynamic"), "first one ");
  }
}

TEST_F(SwiftLarge, AManifestThatContainsItselfIsNotFollowedForever) {
  swift.put_static("mnist", "large", {"/parts/a"});
  swift.script = [](const http::ClientRequest& request, unsigned) -> std::optional<Fault> {
    if (request.url.find("multipart-manifest=get") == std::string::npos) return std::nullopt;
    return Fault{.status = 200,
                 .body = R"([{"name":"/mnist/large","hash":"h","bytes":6,"sub_slo":true}])"};
  };
  EXPECT_THAT(segments("large"), IsEmpty());
  EXPECT_LT(swift.requests().size(), 20u);
}

// The store compares: the read fails.
TEST_F(SwiftLarge, ASegmentThatWasReplacedIsNamed) {
  swift.put_static("mnist", "large", {"/parts/a", "/parts/b"});
  swift.put("parts", "b", "SECOND ");
  std::string text;
  EXPECT_EQ(kind_of([&] { fetch(); }, &text), ErrorKind::Conflict);
  EXPECT_THAT(text, HasSubstr("one of the object's segments is gone or was replaced"));
}

// The store does not compare, and the ETag of the whole stays the same: the segment's MD5 tells.
TEST_F(SwiftLarge, ASegmentThatChangesWhileOthersAreFetchedIsNoticed) {
  swift.compares_segments = false;
  std::string big(40u << 20, 'x');
  swift.put("parts", "big", big);
  swift.put_static("mnist", "large", {"/parts/a", "/parts/big", "/parts/b"});
  bool done = false;
  swift.script = [&](const http::ClientRequest& request, unsigned) -> std::optional<Fault> {
    if (request.headers.get("Range") == "bytes=0-16777215" && !std::exchange(done, true)) {
      return Fault{.corrupt_answer = true};  // is overcome
    }
    return std::nullopt;
  };
  fetch();
  EXPECT_TRUE(fetched("large") == "first " + big + "second ");
  EXPECT_TRUE(done);
  big[20u << 20] = 'y';
  swift.put("parts", "big", big);
  std::string text;
  EXPECT_EQ(kind_of([&] { fetch(); }, &text), ErrorKind::Corrupt);
  EXPECT_THAT(text, HasSubstr("not those that the store promises"));
}

}  // namespace
}  // namespace trainyard::objectstore
