// What a request says: names, ranges, conditions, dates, headers to keep.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/conditions.hpp"
#include "gateway/http_date.hpp"
#include "gateway/names.hpp"
#include "gateway/object_headers.hpp"
#include "gateway/ranges.hpp"
#include "gateway/s3_error.hpp"

namespace trainyard::gateway {
namespace {

using http::Headers;

template <typename Fn>
std::optional<S3Code> code_of(Fn&& fn) {
  try {
    fn();
    return std::nullopt;
  } catch (const S3Error& error) {
    return error.code();
  }
}

TEST(Range, IsReadAsS3ReadsIt) {
  struct Case {
    std::string header;
    std::uint64_t size;
    std::optional<ByteRange> range;
  };
  const Case cases[] = {
      {"bytes=0-9", 100, ByteRange{0, 10}},
      {"bytes=0-0", 100, ByteRange{0, 1}},
      {"bytes=90-", 100, ByteRange{90, 10}},
      {"bytes=90-1000", 100, ByteRange{90, 10}},
      {"bytes=-10", 100, ByteRange{90, 10}},
      {"bytes=-1000", 100, ByteRange{0, 100}},
      {"Bytes=5-5", 100, ByteRange{5, 1}},
      {" bytes= 5-6", 100, ByteRange{5, 2}},
      {"bytes=99-99", 100, ByteRange{99, 1}},
      // Not one range: the whole object.
      {"bytes=0-1,5-6", 100, std::nullopt},
      {"bytes=5-2", 100, std::nullopt},
      {"bytes=", 100, std::nullopt},
      {"bytes=-", 100, std::nullopt},
      {"bytes=a-b", 100, std::nullopt},
      {"bytes=1-2x", 100, std::nullopt},
      {"bytes 0-9", 100, std::nullopt},
      {"items=0-9", 100, std::nullopt},
      {"", 100, std::nullopt},
      {"bytes=0-99999999999999999999999", 100, std::nullopt},
  };
  for (const Case& c : cases) EXPECT_EQ(parse_range(c.header, c.size), c.range) << c.header;
}

TEST(Range, BehindTheEndIsRefused) {
  for (const std::string header : {"bytes=100-", "bytes=100-200", "bytes=-0"}) {
    EXPECT_EQ(code_of([&] { parse_range(header, 100); }), S3Code::InvalidRange) << header;
  }
  EXPECT_EQ(code_of([&] { parse_range("bytes=0-", 0); }), S3Code::InvalidRange);
  EXPECT_EQ(code_of([&] { parse_range("bytes=-5", 0); }), S3Code::InvalidRange);
}

TEST(Range, OfACopyMustLieInsideTheSource) {
  EXPECT_EQ(parse_copy_range("bytes=0-99", 100), (ByteRange{0, 100}));
  for (const std::string header : {"bytes=0-100", "bytes=0-", "bytes=-5", "bytes=5-2", "0-5", ""}) {
    EXPECT_EQ(code_of([&] { parse_copy_range(header, 100); }), S3Code::InvalidArgument) << header;
  }
}

TEST(Range, IsWrittenWithTheTotal) { EXPECT_EQ(content_range({5, 10}, 100), "bytes 5-14/100"); }

const TimePoint kModified = *parse_time("2024-05-01T10:00:00.500Z");
constexpr const char* kSame = "Wed, 01 May 2024 10:00:00 GMT";
constexpr const char* kBefore = "Wed, 01 May 2024 09:59:59 GMT";
constexpr const char* kAfter = "Wed, 01 May 2024 10:00:01 GMT";

TEST(Conditions, FollowTheTable) {
  struct Case {
    Headers headers;
    Condition result;
  };
  using enum Condition;
  const Case cases[] = {
      {{}, Holds},
      {{{"If-Match", "\"tag\""}}, Holds},
      {{{"If-Match", "tag"}}, Holds},
      {{{"If-Match", "*"}}, Holds},
      {{{"If-Match", "\"no\", \"tag\""}}, Holds},
      {{{"If-Match", "\"no\""}}, Failed},
      {{{"If-None-Match", "\"tag\""}}, NotModified},
      {{{"If-None-Match", "W/\"tag\""}}, NotModified},
      {{{"If-None-Match", "*"}}, NotModified},
      {{{"If-None-Match", "\"no\""}}, Holds},
      {{{"If-Modified-Since", kSame}}, NotModified},
      {{{"If-Modified-Since", kAfter}}, NotModified},
      {{{"If-Modified-Since", kBefore}}, Holds},
      {{{"If-Modified-Since", "yesterday"}}, Holds},
      {{{"If-Unmodified-Since", kSame}}, Holds},
      {{{"If-Unmodified-Since", kBefore}}, Failed},
      // A tag stands above a date.
      {{{"If-Match", "\"tag\""}, {"If-Unmodified-Since", kBefore}}, Holds},
      {{{"If-None-Match", "\"no\""}, {"If-Modified-Since", kSame}}, Holds},
      {{{"If-None-Match", "\"tag\""}, {"If-Modified-Since", kBefore}}, NotModified},
      {{{"If-Match", "\"no\""}, {"If-None-Match", "\"tag\""}}, Failed},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(evaluate(c.headers, "", {"tag", kModified}), c.result)
        << testing::PrintToString(c.headers.items());
  }
}

TEST(Conditions, OfACopyHaveTheirOwnHeaders) {
  const Headers headers{{"x-amz-copy-source-if-match", "\"no\""}, {"If-Match", "\"tag\""}};
  EXPECT_EQ(evaluate(headers, "x-amz-copy-source-", {"tag", kModified}), Condition::Failed);
  EXPECT_EQ(evaluate(headers, "", {"tag", kModified}), Condition::Holds);
}

TEST(Conditions, OfAWrite) {
  ObjectRecord there;
  there.etag = "tag";
  const auto outcome = [](const Headers& headers, const std::optional<ObjectRecord>& current) {
    return code_of([&] { check(write_condition(headers), current, "k"); });
  };
  EXPECT_EQ(outcome({}, there), std::nullopt);
  EXPECT_EQ(outcome({{"If-None-Match", "*"}}, std::nullopt), std::nullopt);
  EXPECT_EQ(outcome({{"If-None-Match", "*"}}, there), S3Code::PreconditionFailed);
  EXPECT_EQ(outcome({{"If-None-Match", "\"tag\""}}, there), S3Code::NotImplemented);
  EXPECT_EQ(outcome({{"If-Match", "\"tag\""}}, there), std::nullopt);
  EXPECT_EQ(outcome({{"If-Match", "*"}}, there), std::nullopt);
  EXPECT_EQ(outcome({{"If-Match", "\"no\""}}, there), S3Code::PreconditionFailed);
  EXPECT_EQ(outcome({{"If-Match", "\"tag\""}}, std::nullopt), S3Code::NoSuchKey);
}

TEST(HttpDate, IsWrittenAndReadBack) {
  EXPECT_EQ(format_http_date(*parse_time("2013-05-24T00:00:00Z")), "Fri, 24 May 2013 00:00:00 GMT");
  EXPECT_EQ(format_http_date(kModified), kSame);
  EXPECT_EQ(parse_http_date("Fri, 24 May 2013 00:00:00 GMT"), parse_time("2013-05-24T00:00:00Z"));
  for (const char* bad : {"", "Friday, 24-May-13 00:00:00 GMT", "Fri, 24 Mai 2013 00:00:00 GMT",
                          "Fri, 99 May 2013 00:00:00 GMT", "Fri, 24 May 2013 00:00:00 CET",
                          "Fri, 24 May 2013 0x:00:00 GMT"}) {
    EXPECT_EQ(parse_http_date(bad), std::nullopt) << bad;
  }
}

TEST(BucketName, FollowsTheRules) {
  for (const char* good : {"abc", "my-bucket", "a.b.c", "123", "1.2.3", "a-1",
                           "a23456789012345678901234567890123456789012345678901234567890123"}) {
    EXPECT_TRUE(valid_bucket_name(good)) << good;
  }
  for (const char* bad :
       {"", "ab", "a234567890123456789012345678901234567890123456789012345678901234", "Abc", "a_b",
        "-ab", "ab-", ".ab", "ab.", "a..b", "1.2.3.4", "a b", "a/b", "xn--abc", "abc-s3alias",
        "b\xc3\xa9", "sthree-a", "abc--ol-s3"}) {
    EXPECT_FALSE(valid_bucket_name(bad)) << bad;
  }
}

TEST(Resource, KeepsEveryByteOfTheKey) {
  struct Case {
    std::string path, bucket, key;
  };
  const Case cases[] = {
      {"/", "", ""},
      {"/b", "b", ""},
      {"/b/", "b", ""},
      {"/b/k", "b", "k"},
      {"/b/a%20b+c%2Bd%25", "b", "a b+c+d%"},
      {"/b//lead", "b", "/lead"},
      {"/b/a//b/", "b", "a//b/"},
      {"/b/a%2Fb", "b", "a/b"},
      {"/b/../c/./d", "b", "../c/./d"},
      {"/b/%C3%A9%01%0A", "b", "\xc3\xa9\x01\n"},
  };
  for (const Case& c : cases) {
    const Resource resource = parse_resource(c.path);
    EXPECT_EQ(resource.bucket, c.bucket) << c.path;
    EXPECT_EQ(resource.key, c.key) << c.path;
  }
  EXPECT_EQ(code_of([] { parse_resource("/b/%zz"); }), S3Code::InvalidURI);
  EXPECT_EQ(code_of([] { parse_resource("*"); }), S3Code::InvalidURI);
}

TEST(Key, HasAtMost1024Bytes) {
  EXPECT_EQ(code_of([] { check_key(std::string(1024, 'k')); }), std::nullopt);
  EXPECT_EQ(code_of([] { check_key(std::string(1025, 'k')); }), S3Code::KeyTooLongError);
  EXPECT_EQ(code_of([] { check_key("\xff"); }), S3Code::InvalidURI);
}

TEST(ObjectHeaders, KeepsContentHeadersAndUserMetadata) {
  const Headers stored = stored_headers({{"Content-Type", "text/plain"},
                                         {"Content-Encoding", "aws-chunked, gzip"},
                                         {"Cache-Control", "no-cache"},
                                         {"X-Amz-Meta-Color", " red "},
                                         {"Content-Length", "5"},
                                         {"x-amz-date", "20240501T100000Z"}});
  const std::vector<std::pair<std::string, std::string>> expected = {{"content-type", "text/plain"},
                                                                     {"content-encoding", "gzip"},
                                                                     {"cache-control", "no-cache"},
                                                                     {"x-amz-meta-color", "red"}};
  EXPECT_EQ(stored.items(), expected);
  EXPECT_EQ(headers_from_text(to_text(stored)).items(), expected);
}

TEST(ObjectHeaders, HaveAContentTypeAlways) {
  EXPECT_EQ(
      stored_headers({{"Content-Encoding", "aws-chunked"}}).items(),
      (std::vector<std::pair<std::string, std::string>>{{"content-type", "binary/octet-stream"}}));
}

TEST(ObjectHeaders, LimitsUserMetadata) {
  EXPECT_EQ(code_of([] {
              stored_headers({{"x-amz-meta-a", std::string(2047, 'v')}});
            }),
            std::nullopt);
  EXPECT_EQ(code_of([] {
              stored_headers({{"x-amz-meta-a", std::string(2048, 'v')}});
            }),
            S3Code::MetadataTooLarge);
}

TEST(ObjectHeaders, RefusesWhatWouldSilentlyNotHappen) {
  const auto outcome = [](const std::string& name, const std::string& value) {
    return code_of([&] { refuse_unsupported({{name, value}}); });
  };
  EXPECT_EQ(outcome("x-amz-storage-class", "STANDARD"), std::nullopt);
  EXPECT_EQ(outcome("x-amz-storage-class", "GLACIER"), S3Code::InvalidStorageClass);
  EXPECT_EQ(outcome("x-amz-acl", "private"), std::nullopt);
  EXPECT_EQ(outcome("x-amz-acl", "public-read"), S3Code::AccessControlListNotSupported);
  EXPECT_EQ(outcome("x-amz-server-side-encryption", "AES256"), S3Code::NotImplemented);
  EXPECT_EQ(outcome("x-amz-tagging", "a=b"), S3Code::NotImplemented);
  EXPECT_EQ(outcome("x-amz-meta-anything", "x"), std::nullopt);
}

}  // namespace
}  // namespace trainyard::gateway
