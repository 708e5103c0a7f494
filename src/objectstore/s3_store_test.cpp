#include "objectstore/s3_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "base/error_testing.hpp"
#include "base/hash.hpp"
#include "objectstore/block_checksums.hpp"
#include "objectstore/fake_s3.hpp"
#include "objectstore/listing.hpp"
#include "objectstore/object_headers.hpp"
#include "objectstore/s3_upload.hpp"
#include "objectstore/sources.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::objectstore {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct Seen {
  ErrorKind kind = ErrorKind::Internal;
  std::string text = "no error";
};

template <typename Fn>
Seen error_of(Fn&& call) {
  try {
    call();
  } catch (const Error& e) {
    return {e.kind(), e.what()};
  }
  return {};
}

std::string some_bytes(std::size_t size) {
  std::string bytes;
  for (int i = 0; bytes.size() < size; ++i) bytes += std::to_string(i * 7919) + ",";
  bytes.resize(size);
  return bytes;
}

// The nth request of this method gets the fault.
auto on_request(std::string method, unsigned nth, Fault fault) {
  auto count = std::make_shared<unsigned>(0);
  return [=](const http::ClientRequest& request, unsigned) -> std::optional<Fault> {
    if (request.method != method || ++*count != nth) return std::nullopt;
    return fault;
  };
}

TEST(S3Store, LearnsTheRegionOnceAndKeepsIt) {
  FakeS3Store fake({.region = "eu-central-1", .checks_region = true});
  auto store = fake.open(fake.store_options());
  upload_bytes(*store, "x", "k", {});
  EXPECT_EQ(fake.server->requests().size(), 2u);
  EXPECT_EQ(download_bytes(*store, "k", 10), "x");
  EXPECT_EQ(fake.server->requests().size(), 3u);
}

TEST(S3Store, LearnsTheRegionFromTheWordsOfTheRefusal) {
  FakeS3Store fake({.region = "eu-west-9", .checks_region = true});
  fake.server->script = on_request(
      "GET", 1,
      {.status = 400,
       .body = "<Error><Code>AuthorizationHeaderMalformed</Code><Message>The authorization header "
               "is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-9'</Message>"
               "</Error>"});
  fake.server->put("k", "x");
  EXPECT_EQ(fake.open(fake.store_options())->list("", "", {}).objects.size(), 1u);
  EXPECT_EQ(fake.server->requests().size(), 2u);
}

TEST(S3Store, FollowsAnAwsBucketToItsRegion) {
  FakeS3Store fake({.region = "eu-west-1", .checks_region = true});
  S3Options options = s3_options(
      {"https://s3.amazonaws.com", fake.store_options().access_key_id, Secret(fake.secret), ""},
      "mnist");
  std::vector<std::string> urls;
  fake.server->script = [&](const http::ClientRequest& request,
                            unsigned n) -> std::optional<Fault> {
    urls.push_back(request.url);
    if (n > 1) return std::nullopt;
    return Fault{.status = 301, .headers = {{"x-amz-bucket-region", "eu-west-1"}}};
  };
  fake.server->put("k", "x");
  EXPECT_TRUE(fake.open(options)->head("k", {}));
  EXPECT_THAT(urls, ElementsAre("https://mnist.s3.amazonaws.com/k",
                                "https://mnist.s3.eu-west-1.amazonaws.com/k"));
}

TEST(S3Store, AHostThatBeginsWithTheBucketIsAskedForTheKeyAlone) {
  FakeS3Store fake;
  const S3Options options =
      s3_options({"http://mnist.s3.store.test:9000", fake.store_options().access_key_id,
                  Secret(fake.secret), ""},
                 "mnist");
  fake.server->put("a/k", "x");
  std::vector<std::string> asked;
  fake.server->script = [&](const http::ClientRequest& request, unsigned) -> std::optional<Fault> {
    asked.push_back(*request.headers.get("Host") + " " + request.url);
    return std::nullopt;
  };
  const auto store = fake.open(options);
  EXPECT_EQ(store->list("", "", {}).objects.size(), 1u);
  EXPECT_TRUE(store->head("a/k", {}));
  EXPECT_THAT(asked[0], testing::StartsWith("mnist.s3.store.test:9000 "
                                            "http://mnist.s3.store.test:9000/?"));
  EXPECT_EQ(asked[1], "mnist.s3.store.test:9000 http://mnist.s3.store.test:9000/a/k");
}

TEST(S3Store, AServiceWhoseHostBeginsWithTheBucketByChanceIsSaid) {
  FakeS3Store fake;
  fake.server->script = [](const http::ClientRequest&, unsigned) {
    return Fault{.status = 200,
                 .body = "<ListAllMyBucketsResult><Buckets></Buckets></ListAllMyBucketsResult>"};
  };
  const Seen seen = error_of([&] { fake.open(fake.store_options())->list("", "", {}); });
  EXPECT_EQ(seen.kind, ErrorKind::InvalidInput);
  EXPECT_THAT(seen.text, HasSubstr("end endpoint_url with '/' and the bucket's name"));
}

TEST(S3Store, MakesUpForAWrongClock) {
  FakeS3Store fake;
  fake.clock.advance(std::chrono::hours(5));
  fake.server->put("k", "x");
  auto store = fake.open(fake.store_options());
  EXPECT_EQ(download_bytes(*store, "k", 10), "x");
  EXPECT_EQ(download_bytes(*store, "k", 10), "x");
  EXPECT_EQ(fake.server->requests().size(), 3u);
}

TEST(S3Store, LearnsTheClockAndThenTheRegionInOneCall) {
  FakeS3Store fake({.region = "eu-west-9", .checks_region = true});
  fake.clock.advance(std::chrono::hours(5));
  fake.server->put("k", "x");
  std::vector<std::string> refused;
  fake.server->script = [&](const http::ClientRequest& request, unsigned) -> std::optional<Fault> {
    // The clock is looked at first.
    if (request.headers.get("X-Amz-Date")->substr(0, 11) == "20191220T00") return std::nullopt;
    refused.push_back(*request.headers.get("X-Amz-Date"));
    return Fault{.status = 403,
                 .body = "<Error><Code>RequestTimeTooSkewed</Code></Error>",
                 .headers = {{"Date", "Fri, 20 Dec 2019 00:00:00 GMT"}}};
  };
  EXPECT_EQ(fake.open(fake.store_options())->list("", "", {}).objects.size(), 1u);
  EXPECT_EQ(refused.size(), 1u);
  EXPECT_EQ(fake.server->requests().size(), 3u);
}

TEST(S3Store, AStoreThatTeachesTheSameAgainIsRefused) {
  FakeS3Store fake;
  unsigned asked = 0;
  fake.server->script = [&](const http::ClientRequest&, unsigned) {
    return Fault{.status = 400,
                 .body = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>region-" +
                         std::to_string(++asked) + "</Region></Error>"};
  };
  const auto store = fake.open(fake.store_options());
  EXPECT_EQ(error_of([&] { store->get("k", std::nullopt, "", [](auto) {}, {}); }).kind,
            ErrorKind::InvalidInput);
  EXPECT_EQ(asked, 2u);
}

TEST(S3Store, SaysWhatIsWrongWithTheCredentialsAndNeverTheSecret) {
  FakeS3Store fake({}, "WRONGSECRET");
  const Seen wrong = error_of([&] { fake.open(fake.store_options())->list("", "", {}); });
  EXPECT_EQ(wrong.kind, ErrorKind::Unauthenticated);
  EXPECT_EQ(wrong.text,
            "the secret access key does not belong to access key 'AKIAIOSFODNN7' at "
            "http://store.test:9000; check both");

  S3Options options = fake.store_options();
  options.access_key_id = "AKIANOBODY";
  const Seen unknown = error_of([&] { fake.open(options)->list("", "", {}); });
  EXPECT_EQ(unknown.kind, ErrorKind::Unauthenticated);
  EXPECT_EQ(unknown.text,
            "http://store.test:9000 does not know the access key id 'AKIANOBODY'; check "
            "access_key_id");

  FakeS3Store right;
  S3Options elsewhere = right.store_options();
  elsewhere.bucket = "minst";
  const Seen bucket = error_of([&] { right.open(elsewhere)->list("", "", {}); });
  EXPECT_EQ(bucket.kind, ErrorKind::NotFound);
  EXPECT_EQ(bucket.text,
            "there is no bucket 'minst' at http://store.test:9000; check the bucket's name and the "
            "endpoint");

  S3Options anonymous = right.store_options();
  anonymous.access_key_id.clear();
  anonymous.secret_access_key = Secret();
  const Seen denied = error_of([&] { right.open(anonymous)->list("", "", {}); });
  EXPECT_EQ(denied.kind, ErrorKind::Forbidden);
  EXPECT_THAT(denied.text, HasSubstr("without credentials one may not list the objects"));
  for (const Seen& seen : {wrong, unknown, bucket, denied}) {
    EXPECT_THAT(seen.text, Not(HasSubstr("WRONGSECRET")));
  }
}

TEST(S3Store, ReadsAPublicBucketWithoutKeys) {
  FakeS3Store fake({.is_public = true});
  fake.server->put("k", "x");
  S3Options options = fake.store_options();
  options.access_key_id.clear();
  options.secret_access_key = Secret();
  bool is_signed = false;
  fake.server->script = [&](const http::ClientRequest& request, unsigned) -> std::optional<Fault> {
    is_signed = is_signed || request.headers.get("Authorization");
    return std::nullopt;
  };
  const auto store = fake.open(options);
  EXPECT_EQ(store->list("", "", {}).objects.size(), 1u);
  EXPECT_EQ(download_bytes(*store, "k", 10), "x");
  EXPECT_FALSE(is_signed);
}

TEST(S3Store, TurnsEveryAnswerIntoTheRightKind) {
  struct Row {
    int status;
    const char* body;
    ErrorKind kind;
    const char* part;
  };
  for (const Row& row : {
           Row{503, "<Error><Code>SlowDown</Code></Error>", ErrorKind::Unavailable, "SlowDown"},
           Row{503, "", ErrorKind::Unavailable, "ServiceUnavailable"},
           Row{500, "<Error><Code>InternalError</Code><Message>oops</Message></Error>",
               ErrorKind::Unavailable, "InternalError: oops"},
           Row{502, "<html>bad gateway</html>", ErrorKind::Unavailable, ""},
           Row{401, "", ErrorKind::Forbidden, "may not"},
           Row{403, "<Error><Code>QuotaExceeded</Code></Error>", ErrorKind::Exhausted, "Quota"},
           Row{404, "<html>apache</html>", ErrorKind::InvalidInput, "not answer like an S3 store"},
           Row{200, "<html>welcome</html>", ErrorKind::Corrupt, "not the XML"},
           Row{307,
               "<Error><Code>TemporaryRedirect</Code><Endpoint>other.example.org</Endpoint>"
               "</Error>",
               ErrorKind::InvalidInput, "use that as endpoint_url"},
           Row{400, "<Error><Code>AuthorizationHeaderMalformed</Code></Error>",
               ErrorKind::InvalidInput, "check endpoint_url and region"},
           Row{301,
               "<Error><Code>PermanentRedirect</Code><Region>us-east-1</Region>"
               "<Endpoint>mnist.example.org</Endpoint></Error>",
               ErrorKind::InvalidInput, "on to 'mnist.example.org'; use that as endpoint_url"},
           Row{301, "<Error><Code>PermanentRedirect</Code><Region>us-east-1</Region></Error>",
               ErrorKind::InvalidInput, "check endpoint_url and region"},
           Row{404, "", ErrorKind::NotFound, "there is no bucket 'mnist'"},
           Row{418, "<Error><Code>Teapot</Code></Error>", ErrorKind::InvalidInput, "Teapot"},
       }) {
    FakeS3Store fake;
    fake.server->script = [&](const http::ClientRequest&, unsigned) {
      return Fault{.status = row.status, .body = row.body};
    };
    const Seen seen = error_of([&] { fake.open(fake.store_options())->list("", "", {}); });
    EXPECT_EQ(seen.kind, row.kind) << row.status << " " << row.body << ": " << seen.text;
    EXPECT_THAT(seen.text, HasSubstr(row.part));
  }
}

TEST(S3Store, TellsItsOwnRefusalFromAnothersAnswer) {
  struct Row {
    Fault fault;
    bool foreign;
  };
  for (const Row& row : {
           Row{{.status = 403, .body = "<Error><Code>AccessDenied</Code></Error>"}, false},
           Row{{.status = 404, .body = "<Error><Code>NoSuchBucket</Code></Error>"}, false},
           Row{{.status = 403, .headers = {{"x-amz-request-id", "1"}}}, false},
           Row{{.status = 403}, true},
           Row{{.status = 404}, true},
           Row{{.status = 404, .body = "<html>default backend</html>"}, true},
           Row{{.status = 302, .headers = {{"Location", "https://login.example"}}}, true},
       }) {
    FakeS3Store fake;
    fake.server->script = [&](const http::ClientRequest&, unsigned) { return row.fault; };
    try {
      fake.open(fake.store_options())->list("", "", {});
      ADD_FAILURE();
    } catch (const StoreError& error) {
      EXPECT_EQ(error.foreign, row.foreign) << error.what();
      EXPECT_EQ(may_pass(error), row.foreign);
    }
  }
}

// As the client says it of the port of an SSH server.
class NoHttp final : public http::Client {
 public:
  http::ClientResponse send(const http::ClientRequest&) override {
    throw Error(ErrorKind::InvalidInput, "Received HTTP/0.9 when not allowed");
  }
};

TEST(S3Store, AnAddressThatDoesNotSpeakHttpIsNamed) {
  FakeS3Store fake;
  const auto store = open_s3(fake.store_options(), std::make_shared<NoHttp>(), fake.clock);
  const Seen seen = error_of([&] { store->list("", "", {}); });
  EXPECT_EQ(seen.kind, ErrorKind::InvalidInput);
  EXPECT_THAT(seen.text, HasSubstr("HTTP/0.9 when not allowed; check endpoint_url"));
}

TEST(S3Store, PassesTheStoresWishToWaitOn) {
  FakeS3Store fake;
  fake.server->script = [&](const http::ClientRequest&, unsigned) {
    return Fault{.status = 503, .headers = {{"Retry-After", "7"}}};
  };
  try {
    fake.open(fake.store_options())->list("", "", {});
    FAIL();
  } catch (const StoreError& error) {
    EXPECT_EQ(error.retry_after, Milliseconds(7000));
  }
}

TEST(S3Store, WhatIsListedWithoutBytesIsLookedAtUnlessItsChecksumIsNamed) {
  for (const bool checksums : {false, true}) {
    FakeS3Store fake({.checksums = checksums, .listed_empty = {"large"}});
    for (const char* key : {"directory/", "empty", "plain"}) {
      fake.server->put(key, std::string(key) == "plain" ? "bytes" : "");
    }
    if (!checksums) fake.server->put("large", "its parts");
    Listing listing;
    const auto store = fake.open(fake.store_options());
    list_for_reading(*store, "", 4, listing, [](std::size_t) {}, {});
    EXPECT_EQ(total_bytes(listing), checksums ? 5u : 5u + 9u);
    const auto requests = fake.server->requests();
    EXPECT_EQ(std::count_if(requests.begin(), requests.end(),
                            [](const std::string& text) { return text.starts_with("HEAD"); }),
              checksums ? 0 : 2);
  }
}

TEST(S3Store, WithoutETagsTheIdOfTheRequestShowsWhoseTheAnswerIs) {
  for (const bool request_ids : {false, true}) {
    FakeS3Store fake({.etags = false, .request_ids = request_ids});
    fake.server->put("k", "the bytes");
    const auto store = fake.open(fake.store_options());
    const auto read = [&] {
      EXPECT_EQ(store->head("k", {})->etag, "");
      EXPECT_EQ(download_bytes(*store, "k", 10), "the bytes");
    };
    if (request_ids) {
      read();
      continue;
    }
    const Seen head = error_of(read);
    const Seen get = error_of([&] { download_bytes(*store, "k", 10); });
    EXPECT_EQ(head.kind, ErrorKind::Unavailable);
    EXPECT_THAT(head.text, HasSubstr("it has no ETag"));
    EXPECT_EQ(get.kind, ErrorKind::Unavailable);
    EXPECT_THAT(get.text, HasSubstr("it has no ETag"));
  }
}

TEST(S3Store, ListsAStoreThatRefusesVersion2InItsOwnWay) {
  for (const int status : {400, 405, 501}) {
    FakeS3Store fake({.page = 2});
    for (const char* key : {"a", "b", "c"}) fake.server->put(key, "x");
    fake.server->script = [&](const http::ClientRequest& request,
                              unsigned) -> std::optional<Fault> {
      if (request.url.find("list-type=2") == std::string::npos) return std::nullopt;
      return Fault{.status = status,
                   .body = status == 501 ? "" : "<Error><Code>Odd</Code></Error>"};
    };
    const auto store = fake.open(fake.store_options());
    const ListPage first = store->list("", "", {});
    EXPECT_EQ(first.objects.size(), 2u) << status;
    EXPECT_EQ(store->list("", first.next, {}).objects.size(), 1u);
    EXPECT_EQ(store->list("", "", {}).objects.size(), 2u);
    EXPECT_EQ(fake.server->requests().size(), 4u) << status;
  }
}

TEST(S3Store, APlusInAListingIsWhatThereIsAnObjectOf) {
  const auto keys = [](const ListPage& page) {
    std::vector<std::string> keys;
    for (const ObjectInfo& object : page.objects) keys.push_back(object.key);
    return keys;
  };
  for (const FakeS3::Options& options : {FakeS3::Options{.blank_is_plus = true},
                                         FakeS3::Options{.keeps_plus = true}, FakeS3::Options{}}) {
    FakeS3Store fake(options);
    fake.server->put("a b", "x");
    fake.server->put("a+b", "x");
    const auto store = fake.open(fake.store_options());
    for (int i = 0; i < 2; ++i) {
      EXPECT_THAT(keys(store->list("", "", {})), ElementsAre("a b", "a+b"));
    }
    const bool asks = options.blank_is_plus || options.keeps_plus;
    EXPECT_LE(fake.server->requests().size(), asks ? 2 + 2u : 2u);
  }
  FakeS3Store fake({.keeps_plus = true});
  fake.server->put("c++", "x");
  EXPECT_THAT(keys(fake.open(fake.store_options())->list("", "", {})), ElementsAre("c++"));
}

TEST(S3Store, TheFirstRefusalCountsWhenVersion1FailsToo) {
  FakeS3Store fake;
  const auto store = fake.open(fake.store_options());
  fake.server->script = [](const http::ClientRequest& request, unsigned) {
    const bool second = request.url.find("list-type=2") != std::string::npos;
    return Fault{.status = 400,
                 .body = second ? "<Error><Code>First</Code></Error>"
                                : "<Error><Code>Second</Code></Error>"};
  };
  EXPECT_THAT(error_of([&] { store->list("", "", {}); }).text, HasSubstr("First"));
  EXPECT_EQ(fake.server->requests().size(), 2u);
  fake.server->script = {};
  store->list("", "", {});
  fake.server->script = [](const http::ClientRequest&, unsigned) { return Fault{.status = 400}; };
  EXPECT_EQ(error_of([&] { store->list("", "", {}); }).kind, ErrorKind::InvalidInput);
  EXPECT_EQ(fake.server->requests().size(), 4u);  // version 2 is known to be right
}

TEST(RetryAfter, IsANumberOfSecondsOrADateByTheClockOfTheAnswer) {
  struct Row {
    const char* wish;
    const char* date;
    std::optional<Milliseconds> expected;
  };
  const char* const now = "Tue, 15 Nov 1994 08:12:31 GMT";
  for (const Row& row : {
           Row{"45", "", Milliseconds(45'000)},
           Row{"99999999", "", Milliseconds(3'600'000)},
           Row{"Tue, 15 Nov 1994 08:13:01 GMT", now, Milliseconds(30'000)},
           Row{"Tue, 15 Nov 1994 08:12:00 GMT", now, Milliseconds(0)},
           Row{"Thu, 17 Nov 1994 08:12:31 GMT", now, Milliseconds(3'600'000)},
           Row{"Tue, 15 Nov 1994 08:13:01 GMT", "", std::nullopt},
           Row{"soon", now, std::nullopt},
       }) {
    EXPECT_EQ(parse_retry_after({{"Retry-After", row.wish}, {"Date", row.date}}), row.expected)
        << row.wish;
  }
}

TEST(S3Store, AShortAnswerIsNeverTakenForTheWholeObject) {
  FakeS3Store fake;
  fake.server->put("k", "0123456789");
  auto store = fake.open(fake.store_options());
  // A body that ends early although nothing broke, as behind some proxies.
  fake.server->script = [&](const http::ClientRequest&, unsigned) {
    return Fault{.status = 206, .body = "0123", .headers = {{"ETag", "\"e\""}}};
  };
  EXPECT_EQ(error_of([&] {
              store->get("k", ByteRange{0, 10}, "e", [](std::string_view) {}, {});
            }).kind,
            ErrorKind::Unavailable);
  EXPECT_EQ(error_of([&] {
              store->get("k", ByteRange{0, 10}, {}, [](std::string_view) {}, {});
            }).kind,
            ErrorKind::Conflict);
  fake.server->script = [&](const http::ClientRequest&, unsigned) {
    return Fault{.status = 206,
                 .body = "0123456789abc",
                 .headers = {{"Content-Length", "10"}, {"ETag", "\"e\""}}};
  };
  EXPECT_EQ(error_of([&] {
              store->get("k", ByteRange{0, 10}, {}, [](std::string_view) {}, {});
            }).kind,
            ErrorKind::Corrupt);
  // Range ignored.
  fake.server->script = [&](const http::ClientRequest&, unsigned) {
    return Fault{.status = 200, .body = "0123456789", .headers = {{"ETag", "\"e\""}}};
  };
  EXPECT_EQ(error_of([&] {
              store->get("k", ByteRange{2, 3}, {}, [](std::string_view) {}, {});
            }).kind,
            ErrorKind::Unsupported);
}

// It holds, as HTTP wants it, that no If-Match is true of a weak ETag.
TEST(S3Store, AWeakEtagIsComparedHereAndNotByTheStore) {
  FakeS3Store fake;
  std::string etag = "W/\"e\"";
  unsigned refused = 0;
  fake.server->script = [&](const http::ClientRequest& request, unsigned) {
    const bool strict = request.headers.get("If-Match").has_value();
    refused += strict;
    return Fault{.status = strict ? 412 : 206,
                 .body = strict || request.method == "HEAD" ? "" : "bytes",
                 .headers = {{"ETag", etag}}};
  };
  const auto store = fake.open(fake.store_options());
  const auto read = [&] {
    std::string got;
    store->get("k", ByteRange{0, 5}, "e", [&](std::string_view bytes) { got += bytes; }, {});
    return got;
  };
  EXPECT_EQ(read(), "bytes");
  EXPECT_EQ(read(), "bytes");
  EXPECT_EQ(refused, 1u);
  etag = "W/\"another\"";
  EXPECT_EQ(error_of(read).kind, ErrorKind::Conflict);
}

TEST(S3Store, AStoreThatIgnoresIfMatchIsCaught) {
  FakeS3Store fake;
  fake.server->script = [&](const http::ClientRequest&, unsigned) {
    return Fault{.status = 200, .body = "new", .headers = {{"ETag", "\"new\""}}};
  };
  std::string got;
  const Seen seen = error_of([&] {
    fake.open(fake.store_options())
        ->get("k", std::nullopt, "old", [&](std::string_view bytes) { got += bytes; }, {});
  });
  EXPECT_EQ(seen.kind, ErrorKind::Conflict);
  EXPECT_EQ(got, "");
}

TEST(S3Store, DoesNotTakeAKeyServicesEtagForAnMd5) {
  FakeS3Store fake({.kms = true});
  auto store = fake.open(fake.store_options());
  upload_bytes(*store, "x", "k", {});
  EXPECT_EQ(store->head("k", {})->md5, "");
}

TEST(S3Store, AnUploadDamagedOnItsWayIsRefusedAndWorthAnotherTry) {
  FakeS3Store fake;
  fake.server->script = on_request("PUT", 1, {.corrupt_upload = true});
  auto store = fake.open(fake.store_options());
  const Seen seen = error_of([&] { upload_bytes(*store, "0123456789", "k", {}); });
  EXPECT_EQ(seen.kind, ErrorKind::Unavailable);
  EXPECT_THAT(seen.text, HasSubstr("damaged"));
  upload_bytes(*store, "0123456789", "k", {});
  EXPECT_EQ(fake.server->bytes_of("k"), "0123456789");
}

// Gives other bytes each time it is read.
class ChangingSource final : public Source {
 public:
  std::uint64_t size() const override { return 4; }
  std::size_t read_at(std::uint64_t offset, char* into, std::size_t max) override {
    if (offset >= 4 || max == 0) return 0;
    *into = static_cast<char>('a' + reads_++ % 26);
    return 1;
  }

 private:
  int reads_ = 0;
};

TEST(S3Store, ASourceThatChangesWhileItIsReadIsAConflict) {
  FakeS3Store fake;
  ChangingSource source;
  const Seen seen = error_of([&] { fake.open(fake.store_options())->put("k", source, {}); });
  EXPECT_EQ(seen.kind, ErrorKind::Conflict);
}

// ---- what uploads are proved by ----------------------------------------------------------------

TEST(S3Proof, TheFirstUploadFindsOutWhatTheOthersGoWith) {
  struct Row {
    FakeS3::Options options;
    std::vector<std::string> proofs;
  };
  for (const Row& row : {
           Row{{.checksums = true}, {"md5 crc", "crc", "crc"}},
           Row{{.kms = true, .checksums = true}, {"md5 crc", "crc", "crc"}},
           Row{{}, {"md5 crc", "md5", "md5"}},
           Row{{.refuses_checksums = true}, {"md5", "md5", "md5"}},
       }) {
    FakeS3Store fake(row.options);
    const auto store = fake.open(fake.store_options());
    for (const char* key : {"a", "b", "c"}) {
      const ObjectInfo put = upload_bytes(*store, key, key, {});
      EXPECT_EQ(put.size, 1u);
      EXPECT_EQ(put.etag, store->head(key, {})->etag);
      EXPECT_EQ(put.checksum.has_value(), row.options.checksums);
    }
    EXPECT_EQ(fake.server->proofs(), row.proofs);
  }
}

TEST(S3Proof, AStoreThatStopsToConfirmIsGivenAnMd5Again) {
  FakeS3Store fake({.checksums = true});
  const auto store = fake.open(fake.store_options());
  upload_bytes(*store, "1", "k", {});
  fake.server->options().checksums = false;
  const Seen seen = error_of([&] { upload_bytes(*store, "2", "k", {}); });
  EXPECT_EQ(seen.kind, ErrorKind::Unavailable);
  EXPECT_THAT(seen.text, HasSubstr("did not confirm the checksum of 'k'"));
  upload_bytes(*store, "3", "k", {});
  upload_bytes(*store, "4", "k", {});
  EXPECT_THAT(fake.server->proofs(), ElementsAre("md5 crc", "crc", "md5 crc", "md5"));
}

TEST(S3Proof, ADamagedUploadIsNoticedByTheCrcAlone) {
  FakeS3Store fake({.checksums = true});
  const auto store = fake.open(fake.store_options());
  upload_bytes(*store, "0123456789", "k", {});
  fake.server->script = on_request("PUT", 1, {.corrupt_upload = true});
  const Seen seen = error_of([&] { upload_bytes(*store, "abcdefghij", "k", {}); });
  EXPECT_EQ(seen.kind, ErrorKind::Unavailable);
  EXPECT_THAT(seen.text, HasSubstr("damaged"));
  EXPECT_EQ(fake.server->bytes_of("k"), "0123456789");
  EXPECT_EQ(fake.server->proofs().back(), "crc");
}

TEST(S3Proof, ADifferentCrcInTheAnswerIsNoticed) {
  FakeS3Store fake({.checksums = true});
  fake.server->script =
      on_request("PUT", 1,
                 {.status = 200,
                  .headers = {{"ETag", "\"e\""}, {"x-amz-checksum-crc64nvme", "AAAAAAAAAAA="}}});
  const Seen seen =
      error_of([&] { upload_bytes(*fake.open(fake.store_options()), "bytes", "k", {}); });
  EXPECT_EQ(seen.kind, ErrorKind::Unavailable);
  EXPECT_THAT(seen.text, HasSubstr("damaged"));
}

TEST(S3Proof, AnotherErrorIsNotTakenForOneAboutChecksums) {
  FakeS3Store fake({.checksums = true});
  fake.server->script = on_request("PUT", 1, {.status = 403});
  const auto store = fake.open(fake.store_options());
  EXPECT_EQ(error_of([&] { upload_bytes(*store, "x", "k", {}); }).kind, ErrorKind::Forbidden);
  EXPECT_EQ(fake.server->requests().size(), 1u);
  fake.server->script = [](const http::ClientRequest&, unsigned) { return Fault{.status = 400}; };
  EXPECT_EQ(error_of([&] { upload_bytes(*store, "x", "k", {}); }).kind, ErrorKind::InvalidInput);
  fake.server->script = {};
  upload_bytes(*store, "x", "k", {});
  EXPECT_THAT(fake.server->proofs(), ElementsAre("md5 crc"));
}

// ---- uploads in parts --------------------------------------------------------------------------

struct PartsFixture {
  explicit PartsFixture(unsigned attempts = 1, unsigned connections = 0,
                        FakeS3::Options fake_options = {})
      : fake(fake_options) {
    S3Options options = fake.store_options();
    options.part_size = 1000;
    options.part_connections = connections;
    options.retry = {.attempts = attempts, .base = Milliseconds(0)};
    store = fake.open(options);
  }
  FakeS3Store fake;
  std::unique_ptr<ObjectStore> store;
  const std::string bytes = some_bytes(4567);
};

TEST(S3Upload, SendsPartsOnManyConnections) {
  PartsFixture f(1, 3);
  const ObjectInfo put = upload_bytes(*f.store, f.bytes, "k", {});
  EXPECT_EQ(f.fake.server->bytes_of("k"), f.bytes);
  EXPECT_THAT(put.etag, HasSubstr("-5"));
  EXPECT_EQ(put.part_size, 1000u);
  EXPECT_EQ(f.store->head("k", {})->part_size, 1000u);
  EXPECT_EQ(f.fake.server->open_uploads(), 0u);
}

TEST(S3Upload, PartsAreProvedByTheirCrcAndTheWholeByTheirSum) {
  PartsFixture f(1, 0, {.checksums = true});
  const std::string expected = [&] {
    ChecksumState state(ChecksumAlgorithm::Crc64Nvme);
    state.update(f.bytes);
    return state.finish().value;
  }();
  std::string completed_with;
  f.fake.server->script = [&](const http::ClientRequest& request, unsigned) {
    if (request.method == "POST" && request.url.find("uploadId=") != std::string::npos) {
      completed_with = request.headers.get("x-amz-checksum-crc64nvme").value_or("");
    }
    return std::optional<Fault>();
  };
  EXPECT_EQ(upload_bytes(*f.store, f.bytes, "k", {}).checksum->value, expected);
  EXPECT_EQ(completed_with, expected);
  EXPECT_EQ(f.fake.server->bytes_of("k"), f.bytes);
  EXPECT_THAT(f.fake.server->proofs(), ElementsAre("md5 crc", "crc", "crc", "crc", "crc"));
}

TEST(S3Upload, PartsGoWithAnMd5WhereTheUploadTakesNoCrc) {
  for (const bool refuses : {false, true}) {
    PartsFixture f(1, 0, {.refuses_checksums = refuses});
    upload_bytes(*f.store, f.bytes, "a", {});
    upload_bytes(*f.store, f.bytes, "b", {});
    EXPECT_EQ(f.fake.server->bytes_of("b"), f.bytes);
    EXPECT_EQ(f.fake.server->proofs(), std::vector<std::string>(10, "md5"));
    EXPECT_EQ(f.fake.server->requests().size(), 2 * 7u + (refuses ? 1 : 0));
    EXPECT_EQ(f.fake.server->open_uploads(), 0u);
  }
}

TEST(S3Upload, PartsThatAreJoinedWronglyAreNoticed) {
  PartsFixture f(1, 0, {.checksums = true});
  f.fake.server->script = on_request(
      "POST", 2,
      {.status = 200,
       .body = "<CompleteMultipartUploadResult><ETag>e</ETag><ChecksumCRC64NVME>AAAAAAAAAAA="
               "</ChecksumCRC64NVME></CompleteMultipartUploadResult>"});
  f.fake.server->put("k", f.bytes + "!");
  const Seen seen = error_of([&] { upload_bytes(*f.store, f.bytes, "k", {}); });
  EXPECT_EQ(seen.kind, ErrorKind::Corrupt);
  EXPECT_THAT(seen.text, HasSubstr("did not put the parts of 'k' together"));
}

// Only parts that are all as long as the first, but for the last, have a size that tells their
// ETag.
TEST(S3Store, TheSizeOfThePartsIsToldWhereTheyAreEven) {
  FakeS3Store fake;
  const auto told = [&](const std::vector<std::size_t>& sizes) {
    std::vector<std::string> parts;
    for (const std::size_t size : sizes) parts.push_back(some_bytes(size));
    fake.server->put_in_parts("k", parts);
    return fake.open(fake.store_options())->head("k", {})->part_size;
  };
  EXPECT_EQ(told({700}), 700u);
  EXPECT_EQ(told({1000, 1000}), 1000u);
  EXPECT_EQ(told({1000, 1000, 567}), 1000u);
  EXPECT_EQ(told({1000, 567, 1000}), 0u);
  EXPECT_EQ(told({1000, 2000}), 0u);
  EXPECT_EQ(told({500, 1000, 567}), 0u);
}

unsigned count_of(FakeS3& server, std::string_view method) {
  const auto requests = server.requests();
  return std::count_if(requests.begin(), requests.end(),
                       [&](const std::string& line) { return line.starts_with(method); });
}

TEST(S3Upload, SendsOnlyTheFailedPartAgain) {
  for (const Fault& fault : {Fault{.reset_before = true}, Fault{.reset_after = true},
                             Fault{.corrupt_upload = true}, Fault{.status = 503}}) {
    PartsFixture f(3);
    f.fake.server->script = on_request("PUT", 3, fault);
    upload_bytes(*f.store, f.bytes, "k", {});
    EXPECT_EQ(f.fake.server->bytes_of("k"), f.bytes);
    EXPECT_EQ(count_of(*f.fake.server, "PUT"), 6u);
  }
}

TEST(S3Upload, AFailedUploadLeavesNoPartsAndIsNotTriedAgainAsAWhole) {
  PartsFixture f(2);
  f.fake.server->script = [](const http::ClientRequest& request, unsigned) -> std::optional<Fault> {
    if (request.url.find("partNumber=4") == std::string::npos) return std::nullopt;
    return Fault{.status = 500};
  };
  try {
    upload_bytes(*f.store, f.bytes, "k", {});
    FAIL();
  } catch (const StoreError& error) {
    EXPECT_TRUE(error.worn_out) << error.what();
  }
  EXPECT_EQ(f.fake.server->open_uploads(), 0u);
  EXPECT_FALSE(f.store->head("k", {}));
}

// Stores by which an object that was completed is known in different ways.
const FakeS3::Options kKnowable[] = {
    {.checksums = true}, {.kms = true}, {.drops_metadata = true}, {}};

TEST(S3Upload, ALostAnswerToTheLastRequestIsFoundOut) {
  for (const FakeS3::Options& options : kKnowable) {
    PartsFixture f(3, 0, options);
    f.fake.server->script = on_request("POST", 2, {.reset_after = true});
    upload_bytes(*f.store, f.bytes, "k", {});
    EXPECT_EQ(f.fake.server->bytes_of("k"), f.bytes);
    EXPECT_EQ(count_of(*f.fake.server, "POST"), 2u);
  }
}

bool completes(const http::ClientRequest& request) {
  return request.method == "POST" && request.url.find("uploadId=") != std::string::npos;
}

// Completes the upload before the store gets the request for it: somebody on the way lost the
// answer and repeats the request.
void repeat_the_last_request(FakeS3& server) {
  server.script = [&server, repeats = false](const http::ClientRequest& request,
                                             unsigned) mutable -> std::optional<Fault> {
    if (!completes(request) || std::exchange(repeats, true)) return std::nullopt;
    server.send(request);
    request.body->rewind();
    return std::nullopt;
  };
}

TEST(S3Upload, NothingRepeatsTheLastRequestOutOfSight) {
  PartsFixture f;
  std::vector<bool> fresh;
  f.fake.server->script = [&](const http::ClientRequest& request, unsigned) {
    if (completes(request)) fresh.push_back(request.fresh_connection);
    return std::optional<Fault>();
  };
  upload_bytes(*f.store, f.bytes, "k", {});
  EXPECT_THAT(fresh, ElementsAre(true));
}

TEST(S3Upload, AnUploadThatIsGoneSinceItWasCompletedIsNoFailure) {
  for (const FakeS3::Options& options : kKnowable) {
    PartsFixture f(1, 0, options);
    repeat_the_last_request(*f.fake.server);
    const ObjectInfo put = upload_bytes(*f.store, f.bytes, "k", {});
    EXPECT_EQ(f.fake.server->bytes_of("k"), f.bytes);
    EXPECT_EQ(put.etag, f.store->head("k", {})->etag);
    EXPECT_EQ(put.size, f.bytes.size());
    EXPECT_EQ(count_of(*f.fake.server, "PUT"), 5u);
  }
}

constexpr const char* kNoSuchUpload = "<Error><Code>NoSuchUpload</Code></Error>";

TEST(S3Upload, AnotherObjectAtTheKeyIsNotTakenForTheUpload) {
  for (const FakeS3::Options& options : kKnowable) {
    PartsFixture f(1, 0, options);
    f.fake.server->put("k", std::string(f.bytes.size(), 'x'));
    f.fake.server->script = [](const http::ClientRequest& request, unsigned) {
      const Fault gone{.status = 404, .body = kNoSuchUpload};
      return completes(request) ? std::optional(gone) : std::nullopt;
    };
    EXPECT_EQ(error_of([&] { upload_bytes(*f.store, f.bytes, "k", {}); }).kind,
              ErrorKind::NotFound);
    EXPECT_EQ(f.fake.server->open_uploads(), 0u);
  }
}

// As many uploads are gone when their third part comes.
void lose_uploads(FakeS3& server, unsigned uploads) {
  server.script = [&server, uploads](const http::ClientRequest& request,
                                     unsigned) mutable -> std::optional<Fault> {
    if (request.url.find("partNumber=3") == std::string::npos || uploads == 0) return std::nullopt;
    --uploads;
    server.forget_uploads();
    return std::nullopt;
  };
}

TEST(S3Upload, AnUploadThatIsGoneBeforeItEndsIsBegunAnew) {
  for (const unsigned connections : {0u, 3u}) {
    PartsFixture f(3, connections);
    lose_uploads(*f.fake.server, 2);
    EXPECT_EQ(upload_bytes(*f.store, f.bytes, "k", {}).size, f.bytes.size());
    EXPECT_EQ(f.fake.server->bytes_of("k"), f.bytes);
    EXPECT_EQ(count_of(*f.fake.server, "POST"), 3 + 1u);
    EXPECT_EQ(f.fake.server->open_uploads(), 0u);
  }
}

TEST(S3Upload, AnUploadThatIsGoneEachTimeIsGivenUp) {
  PartsFixture f(5);
  lose_uploads(*f.fake.server, 9);
  const Seen seen = error_of([&] { upload_bytes(*f.store, f.bytes, "k", {}); });
  EXPECT_EQ(seen.kind, ErrorKind::NotFound);
  EXPECT_EQ(
      seen.text,
      "begun 3 times: cannot write 'k' of bucket 'mnist' at http://store.test:9000: its upload "
      "in parts is gone there (NoSuchUpload: no); see whether a lifecycle rule of the bucket "
      "or another client aborts unfinished uploads");
  EXPECT_EQ(count_of(*f.fake.server, "POST"), 3u);
}

// Somebody who is not the store knows nothing of its uploads.
TEST(S3Upload, AnAnswerThatIsNotTheStoresBeginsNothingAnew) {
  PartsFixture f(1);
  f.fake.server->script = on_request("PUT", 3, {.status = 404});
  try {
    upload_bytes(*f.store, f.bytes, "k", {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_TRUE(may_pass(error)) << error.what();
  }
  EXPECT_EQ(count_of(*f.fake.server, "POST"), 1u);
}

TEST(S3Upload, ABucketThatIsGoneMeanwhileIsSaid) {
  PartsFixture f;
  f.fake.server->script = [&](const http::ClientRequest& request, unsigned) {
    if (request.method == "PUT") f.fake.server->options().bucket = "other";
    return std::optional<Fault>();
  };
  const Seen seen = error_of([&] { upload_bytes(*f.store, f.bytes, "k", {}); });
  EXPECT_EQ(seen.kind, ErrorKind::NotFound);
  EXPECT_THAT(seen.text, HasSubstr("there is no bucket 'mnist'"));
  EXPECT_EQ(count_of(*f.fake.server, "POST"), 2u);
}

TEST(S3Upload, AnErrorInsideASuccessIsAnError) {
  PartsFixture f(3);
  f.fake.server->script =
      on_request("POST", 2, {.status = 200, .body = "  <Error><Code>InternalError</Code></Error>"});
  upload_bytes(*f.store, f.bytes, "k", {});
  EXPECT_EQ(f.fake.server->bytes_of("k"), f.bytes);
  PartsFixture once;
  once.fake.server->script =
      on_request("POST", 2, {.status = 200, .body = "<Error><Code>InternalError</Code></Error>"});
  EXPECT_EQ(error_of([&] { upload_bytes(*once.store, once.bytes, "k", {}); }).kind,
            ErrorKind::Unavailable);
}

TEST(S3Upload, ACancelAborts) {
  PartsFixture f(1, 2);
  std::stop_source stop;
  f.fake.server->script = [&](const http::ClientRequest& request,
                              unsigned) -> std::optional<Fault> {
    if (request.url.find("partNumber=2") != std::string::npos) stop.request_stop();
    return std::nullopt;
  };
  EXPECT_EQ(error_of([&] { upload_bytes(*f.store, f.bytes, "k", stop.get_token()); }).kind,
            ErrorKind::Canceled);
  EXPECT_EQ(f.fake.server->open_uploads(), 0u);
}

TEST(S3Upload, UnfinishedOnesAreDiscardedBelowThePrefixOnly) {
  PartsFixture f;
  // The answers that name the uploads are lost.
  f.fake.server->script = [](const http::ClientRequest& request, unsigned) -> std::optional<Fault> {
    if (request.url.find("uploads=") == std::string::npos || request.method != "POST") return {};
    return Fault{.reset_after = true};
  };
  for (const char* key : {"run-1/a", "run-1/b", "run-10/a"}) {
    EXPECT_THROW(upload_bytes(*f.store, f.bytes, key, {}), Error);
  }
  const std::size_t begun = f.fake.server->open_uploads();
  const std::uint64_t discarded = f.store->discard_unfinished("run-1/", {});
  EXPECT_GE(discarded, 2u);
  EXPECT_EQ(f.fake.server->open_uploads(), begun - discarded);
  EXPECT_GT(f.fake.server->open_uploads(), 0u);
  EXPECT_EQ(f.store->discard_unfinished("run-1/", {}), 0u);
}

TEST(S3Upload, PartsGrowWhenTenThousandWouldNotDo) {
  constexpr std::uint64_t kMiB = 1u << 20, kGiB = 1u << 30;
  EXPECT_EQ(s3::part_size_for(kGiB, 16 * kMiB), 16 * kMiB);
  EXPECT_EQ(s3::part_size_for(160'000 * kMiB, 16 * kMiB), 16 * kMiB);
  EXPECT_EQ(s3::part_size_for(160'000 * kMiB + 1, 16 * kMiB), 20 * kMiB);
  EXPECT_EQ(s3::part_size_for(5 * 1024 * kGiB, 16 * kMiB), 640 * kMiB);
  EXPECT_EQ(s3::part_size_for(50'000 * kGiB, 16 * kMiB), 5 * kGiB);
  for (std::uint64_t size = 1; size <= 50'000 * kGiB; size = size * 3 + 1) {
    const std::uint64_t part = s3::part_size_for(size, 16 * kMiB);
    EXPECT_LE((size + part - 1) / part, 10'000u);
    EXPECT_EQ(part % checksum_block(size), 0u);  // no two parts share a block
  }
}

TEST(S3Upload, WhatNoStoreTakesIsRefusedBeforeTheFirstRequest) {
  class Huge final : public Source {
   public:
    std::uint64_t size() const override { return (std::uint64_t(50'000) << 30) + 1; }
    std::size_t read_at(std::uint64_t, char*, std::size_t) override {
      throw Error(ErrorKind::Internal, "it was read");
    }
  } huge;
  FakeS3Store fake;
  const auto store = fake.open(fake.store_options());
  const std::size_t before = fake.server->requests().size();
  std::string text;
  EXPECT_EQ(kind_of([&] { store->put("k", huge, {}); }, &text), ErrorKind::TooLarge);
  EXPECT_EQ(text,
            "write 'k': 48.8 TiB are more than an S3 store takes as one object: 10000 parts of "
            "5 GiB at most; split the file");
  EXPECT_EQ(fake.server->requests().size(), before);
}

}  // namespace
}  // namespace trainyard::objectstore
