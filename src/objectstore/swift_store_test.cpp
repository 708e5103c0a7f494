#include "objectstore/swift_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <utility>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "objectstore/fake_swift.hpp"
#include "objectstore/faulty_client.hpp"
#include "objectstore/keystone.hpp"
#include "objectstore/listing.hpp"
#include "objectstore/sources.hpp"
#include "objectstore/swift_limits.hpp"
#include "objectstore/swift_listing.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::objectstore {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

template <typename Fn>
Error error_of(Fn&& call) {
  try {
    call();
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << "no error";
  return {ErrorKind::Internal, ""};
}

TEST(SwiftOptions, FindsKeystoneInEverySpellingOfItsAddress) {
  struct Row {
    const char* text;
    const char* url;
    SwiftAuth auth;
  };
  for (const Row& row : {
           Row{"https://identity.open.softlayer.com", "https://identity.open.softlayer.com/v3",
               SwiftAuth::KeystoneV3},
           Row{"https://k:5000/v3/", "https://k:5000/v3", SwiftAuth::KeystoneV3},
           Row{"https://k/identity/v2.0", "https://k/identity/v3", SwiftAuth::KeystoneV3},
           Row{"https://k/v3/auth/tokens", "https://k/v3", SwiftAuth::KeystoneV3},
           Row{"https://dal05.objectstorage.softlayer.net/auth/v1.0/",
               "https://dal05.objectstorage.softlayer.net/auth/v1.0", SwiftAuth::V1},
           Row{"http://127.0.0.1:7480/auth/1.0", "http://127.0.0.1:7480/auth/1.0", SwiftAuth::V1},
       }) {
    const SwiftOptions options = swift_options({row.text, "u", Secret("p"), "", "", ""}, "mnist");
    EXPECT_EQ(options.auth_url.url(), row.url);
    EXPECT_EQ(options.auth, row.auth) << row.text;
  }
}

TEST(SwiftOptions, SaysWhatIsMissing) {
  EXPECT_THAT(error_of([] {
                swift_options({"http://k", "", Secret("p"), "", "", ""}, "b");
              }).what(),
              HasSubstr("user_name"));
  EXPECT_THAT(error_of([] {
                swift_options({"http://k", "u", Secret(), "", "", ""}, "b");
              }).what(),
              HasSubstr("password"));
  EXPECT_THAT(error_of([] {
                swift_options({"", "u", Secret("p"), "", "", ""}, "b");
              }).what(),
              HasSubstr("auth_url"));
  EXPECT_THAT(error_of([] {
                swift_options({"http://k", "u", Secret("p"), "", "", ""}, "a/b");
              }).what(),
              HasSubstr("'/'"));
}

TEST(Keystone, NamesTheRegionsThatThereAre) {
  FakeSwiftStore fake;
  SwiftOptions options = fake.options();
  options.region = "dallas";
  const Error error = error_of([&] { fake.open(options)->list("", "", {}); });
  EXPECT_EQ(error.kind(), ErrorKind::InvalidInput);
  EXPECT_THAT(error.what(),
              HasSubstr("no object store in region 'dallas', only in 'elsewhere', 'loopback'"));
  options.region.clear();
  EXPECT_THAT(error_of([&] { fake.open(options)->list("", "", {}); }).what(),
              HasSubstr("set region to one of"));
}

TEST(Keystone, RefusesWhatIsNoAnswerOfIts) {
  for (const char* text :
       {"", "[]", "{}", "<html>", R"({"token":1})", R"({"token":{"expires_at":"never"}})",
        R"({"token":{"expires_at":"2030-01-01T00:00:00Z","catalog":7}})"}) {
    EXPECT_EQ(error_of([&] { keystone::read_token(text, "r"); }).kind(), ErrorKind::Corrupt);
  }
  EXPECT_THAT(error_of([&] {
                keystone::read_token(R"({"token":{"expires_at":"2030-01-01T00:00:00Z"}})", "r");
              }).what(),
              HasSubstr("no object store"));
}

TEST(SwiftStore, WrongCredentialsAreNamedAndThePasswordIsNot) {
  FakeSwiftStore fake;
  SwiftOptions options = fake.options();
  options.password = Secret("wrong-password");
  const Error error = error_of([&] { fake.open(options)->list("", "", {}); });
  EXPECT_EQ(error.kind(), ErrorKind::Unauthenticated);
  EXPECT_STREQ(error.what(),
               "http://keystone.test:5000/v3 refuses the credentials: user_name 'alice', its "
               "password or domain_name 'lab' is wrong (it does not tell which)");
}

TEST(SwiftStore, AWrongProjectIsNamedWithThoseThatTheUserHas) {
  FakeSwiftStore fake;
  SwiftOptions options = fake.options();
  options.project_id = "train";
  const Error error = error_of([&] { fake.open(options)->list("", "", {}); });
  EXPECT_EQ(error.kind(), ErrorKind::Unauthenticated);
  EXPECT_STREQ(error.what(),
               "user 'alice' has no project with the id 'train' at http://keystone.test:5000/v3; "
               "check project_id, which can be that of 'train' (p), 'other' (q)");
}

TEST(SwiftStore, TellsItsOwnRefusalFromAnothersAnswer) {
  struct Row {
    Fault fault;
    bool at_keystone, foreign;
  };
  const char* const refused = R"({"error":{"code":401}})";
  for (const Row& row : {
           Row{{.status = 403, .headers = {{"X-Trans-Id", "tx1"}}}, false, false},
           Row{{.status = 404, .headers = {{"X-Openstack-Request-Id", "tx1"}}}, false, false},
           Row{{.status = 403}, false, true},
           Row{{.status = 404, .body = "<html>default backend</html>"}, false, true},
           Row{{.status = 401, .body = refused}, true, false},
           Row{{.status = 401, .headers = {{"X-Openstack-Request-Id", "r"}}}, true, false},
           Row{{.status = 404, .body = "<html>default backend</html>"}, true, true},
           Row{{.status = 200, .body = "<html>welcome</html>"}, true, true},
       }) {
    FakeSwiftStore fake;
    fake.server->script = [&](const http::ClientRequest& request, unsigned) {
      const bool keystone = request.url.find("keystone") != std::string::npos;
      return keystone == row.at_keystone ? std::optional(row.fault) : std::nullopt;
    };
    try {
      fake.open(fake.options())->list("", "", {});
      ADD_FAILURE();
    } catch (const StoreError& error) {
      EXPECT_EQ(error.foreign, row.foreign) << error.what();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Corrupt) << error.what();
    }
  }
}

TEST(SwiftStore, KeystonesWishToWaitIsPassedOn) {
  FakeSwiftStore fake;
  fake.server->script = [](const http::ClientRequest&, unsigned) {
    return Fault{.status = 503, .headers = {{"Retry-After", "7"}}};
  };
  try {
    fake.open(fake.options())->list("", "", {});
    FAIL();
  } catch (const StoreError& error) {
    EXPECT_EQ(error.retry_after, Milliseconds(7000));
  }
}

TEST(Keystone, ReadsProjects) {
  EXPECT_TRUE(keystone::read_projects("<html>").empty());
  EXPECT_TRUE(keystone::read_projects(R"({"projects":{}})").empty());
  EXPECT_THAT(keystone::read_projects(R"({"projects":[{"id":"1"},7]})"), ElementsAre("'' (1)"));
}

TEST(SwiftStore, AMissingContainerIsNamed) {
  FakeSwiftStore fake;
  SwiftOptions options = fake.options();
  options.container = "minst";
  const Error error = error_of([&] { fake.open(options)->list("", "", {}); });
  EXPECT_EQ(error.kind(), ErrorKind::NotFound);
  EXPECT_THAT(error.what(), HasSubstr("there is no container 'minst'"));
}

TEST(SwiftStore, SomethingElseAtTheAddressIsSaid) {
  for (const Fault& fault :
       {Fault{.status = 404, .body = "<html>"},
        Fault{.status = 403, .body = "<Error><Code>AccessDenied</Code></Error>"},
        Fault{.status = 401, .body = "<html>"}}) {
    FakeSwiftStore fake;
    fake.server->script = [&](const http::ClientRequest&, unsigned) { return fault; };
    const Error error = error_of([&] { fake.open(fake.options())->list("", "", {}); });
    EXPECT_EQ(error.kind(), ErrorKind::InvalidInput);
    EXPECT_THAT(error.what(), HasSubstr("does not answer like Keystone v3"));
    EXPECT_THAT(error.what(), HasSubstr("check auth_url"));
  }
}

TEST(SwiftStore, KeystonesOwnRefusalOfAProjectIsSaid) {
  FakeSwiftStore fake;
  fake.server->script = [](const http::ClientRequest&, unsigned) {
    return Fault{.status = 403, .body = R"({"error":{"code":403,"title":"Forbidden"}})"};
  };
  const Error error = error_of([&] { fake.open(fake.options())->list("", "", {}); });
  EXPECT_EQ(error.kind(), ErrorKind::Forbidden);
  EXPECT_THAT(error.what(), HasSubstr("may not use project 'p'"));
}

TEST(SwiftStore, OneTokenServesManyRequestsAndIsRenewedBeforeItEnds) {
  FakeSwiftStore fake;
  fake.server->put("mnist", "k", "x");
  const auto store = fake.open(fake.options());
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(store->head("k", {}));
  EXPECT_EQ(fake.server->tokens_granted(), 1u);
  fake.clock.advance(std::chrono::minutes(56));
  EXPECT_TRUE(store->head("k", {}));
  EXPECT_EQ(fake.server->tokens_granted(), 2u);
}

TEST(SwiftStore, AValidTokenGoesOnWhileItCannotBeRenewed) {
  FakeSwiftStore fake;
  fake.server->put("mnist", "k", "x");
  const auto store = fake.open(fake.options());
  EXPECT_TRUE(store->head("k", {}));
  unsigned refused = 0;
  for (const int status : {503, 401}) {
    fake.server->script = [&refused, status](const http::ClientRequest& request, unsigned) {
      if (request.method != "POST") return std::optional<Fault>();
      ++refused;
      return std::optional(Fault{.status = status, .body = R"({"error":{}})"});
    };
    fake.clock.advance(std::chrono::minutes(status == 503 ? 56 : 1));
    const unsigned before = refused;
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(store->head("k", {}));
    EXPECT_GT(refused, before);
    EXPECT_LE(refused, before + 2);  // a 401 is looked into
  }
  fake.clock.advance(std::chrono::minutes(4));
  EXPECT_EQ(error_of([&] { store->head("k", {}); }).kind(), ErrorKind::Unauthenticated);
  fake.server->script = {};
  EXPECT_TRUE(store->head("k", {}));
  EXPECT_EQ(fake.server->tokens_granted(), 2u);
}

TEST(SwiftStore, ATokensLifeIsThatOfTheServersClock) {
  for (const int hours : {-5, 5}) {
    FakeSwiftStore fake;
    fake.server->ahead = std::chrono::hours(hours);
    const auto store = fake.open(fake.options());
    for (int i = 0; i < 3; ++i) store->list("", "", {});
    EXPECT_EQ(fake.server->tokens_granted(), 1u) << hours;
    fake.clock.advance(std::chrono::minutes(56));
    store->list("", "", {});
    EXPECT_EQ(fake.server->tokens_granted(), 2u) << hours;
    EXPECT_EQ(fake.server->requests().size(), 2 + 4u) << hours;  // none was refused
  }
}

TEST(SwiftStore, ARefusedTokenIsReplacedOnce) {
  FakeSwiftStore fake;
  fake.server->put("mnist", "k", "x");
  const auto store = fake.open(fake.options());
  EXPECT_TRUE(store->head("k", {}));
  fake.server->forget_tokens();
  EXPECT_EQ(download_bytes(*store, "k", 9), "x");
  EXPECT_EQ(fake.server->tokens_granted(), 2u);
  fake.server->script = [](const http::ClientRequest& request, unsigned) -> std::optional<Fault> {
    if (request.method == "POST") return std::nullopt;
    return Fault{.status = 401};
  };
  EXPECT_EQ(error_of([&] { store->head("k", {}); }).kind(), ErrorKind::Unauthenticated);
}

TEST(SwiftStore, AShortPageIsNotTheEndOfAListing) {
  FakeSwiftStore fake;
  for (const char* key : {"a", "b", "c", "d", "e"}) fake.server->put("mnist", key, "x");
  fake.server->most_listed = 2;
  Listing listing;
  list_all(*fake.open(fake.options()), "", listing, {}, {});
  EXPECT_EQ(listing.size(), 5u);
}

TEST(SwiftStore, AnEmptyAnswerIsNoEmptyListing) {
  FakeSwiftStore fake;
  fake.server->script = [](const http::ClientRequest& request, unsigned) -> std::optional<Fault> {
    if (request.method == "POST") return std::nullopt;
    return Fault{.status = 200};
  };
  const Error error = error_of([&] { fake.open(fake.options())->list("", "", {}); });
  EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
  fake.server->script = [](const http::ClientRequest& request, unsigned) -> std::optional<Fault> {
    if (request.method == "POST") return std::nullopt;
    return Fault{.status = 204, .headers = {{"X-Trans-Id", "tx1"}}};
  };
  EXPECT_TRUE(fake.open(fake.options())->list("", "", {}).objects.empty());
}

TEST(SwiftStore, AnEmptyAnswerOfAnotherDoesNotEndAListing) {
  FakeSwiftStore fake;
  fake.server->most_listed = 2;
  for (const char* key : {"a", "b", "c", "d"}) fake.server->put("mnist", key, "x");
  unsigned left = 2;
  fake.server->script = [&](const http::ClientRequest& request, unsigned) -> std::optional<Fault> {
    if (left == 0 || request.url.find("marker=b") == std::string::npos) return std::nullopt;
    --left;
    return Fault{.status = 204};
  };
  const auto list = [&](unsigned attempts) {
    const auto store = make_retrying(fake.open(fake.options()),
                                     {.attempts = attempts, .base = Milliseconds(0)}, fake.clock);
    Listing listing;
    list_all(*store, "", listing, {}, {});
    return listing.size();
  };
  const Error error = error_of([&] { list(2); });
  EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
  EXPECT_THAT(error.what(), HasSubstr("is not the store's"));
  left = 2;
  EXPECT_EQ(list(3), 4u);
}

TEST(SwiftStore, LargeObjectsAreReadAsTheObjectThatTheyStandFor) {
  FakeSwiftStore fake;
  fake.server->put("parts", "d/1", "first ");
  fake.server->put("parts", "d/2", "second");
  fake.server->put_dynamic("dynamic", "parts", "d/");
  fake.server->put("mnist", "empty", "");
  const auto store = fake.open(fake.options());
  Listing listing;
  list_for_reading(*store, "", 8, listing, [](std::size_t) {}, {});
  ASSERT_EQ(listing.size(), 2u);
  EXPECT_EQ(listing[0].size(), 12u);
  EXPECT_TRUE(listing[0].segmented());
  EXPECT_EQ(listing[1].size(), 0u);
  std::string bytes;
  const ObjectInfo info = store->get("dynamic", ByteRange{3, 6}, listing[0].info().etag,
                                     [&](std::string_view chunk) { bytes += chunk; }, {});
  EXPECT_EQ(bytes, "st sec");
  EXPECT_EQ(info.md5, "");
}

// The HEADs of a listing, which wait for one another; the first few fail.
class HeadsOfAListing {
 public:
  HeadsOfAListing(unsigned together, unsigned failing) : together_(together), failing_(failing) {}

  std::optional<Fault> operator()(const http::ClientRequest& request) {
    if (request.url.find("/mnist?") != std::string::npos) ++lists_;
    if (request.method != "HEAD") return std::nullopt;
    std::unique_lock lock(mutex_);
    const unsigned number = ++heads_;
    changed_.notify_all();
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(60), [&] {
      return heads_ >= together_;
    })) << "one after the other";
    return number <= failing_ ? std::optional(Fault{.status = 503}) : std::nullopt;
  }
  unsigned heads() const { return heads_; }
  unsigned lists() const { return lists_; }

 private:
  const unsigned together_, failing_;
  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned heads_ = 0;
  std::atomic<unsigned> lists_ = 0;
};

TEST(SwiftStore, EmptyObjectsOfAPageAreLookedAtTogetherAndAgainAlone) {
  FakeSwiftStore fake;
  fake.server->put("parts", "d/1", "first");
  fake.server->put_dynamic("dynamic", "parts", "d/");
  for (int i = 0; i < 20; ++i) fake.server->put("mnist", "empty" + std::to_string(i), "");
  HeadsOfAListing heads(8, 2);
  const auto client = std::make_shared<FaultyClient>(fake.server, std::ref(heads));
  const auto store = make_retrying(open_swift(fake.options(), client, fake.clock),
                                   {.attempts = 3, .base = Milliseconds(0)}, fake.clock);
  Listing listing;
  list_for_reading(*store, "", 8, listing, [](std::size_t) {}, {});
  ASSERT_EQ(listing.size(), 21u);
  EXPECT_EQ(listing[0].size(), 5u);
  EXPECT_EQ(listing[1].size(), 0u);
  EXPECT_EQ(heads.heads(), 21u + 2u);
  EXPECT_EQ(heads.lists(), 2u);  // the second is empty
}

struct Segmented {
  Segmented(unsigned attempts) {
    SwiftOptions options = fake.options();
    options.single_limit = 1000;
    options.segment_size = 400;
    options.segment_connections = 2;
    options.retry = {.attempts = attempts, .base = Milliseconds(0)};
    store = fake.open(options);
    for (int i = 0; bytes.size() < 1500; ++i) bytes += std::to_string(i) + ",";
  }
  FakeSwiftStore fake;
  std::unique_ptr<ObjectStore> store;
  std::string bytes;
};

TEST(SwiftUpload, LargeSourcesBecomeStaticLargeObjects) {
  Segmented f(1);
  const ObjectInfo put = upload_bytes(*f.store, f.bytes, "large", {});
  EXPECT_EQ(put.size, f.bytes.size());
  EXPECT_EQ(download_bytes(*f.store, "large", 1 << 20), f.bytes);
  EXPECT_EQ(f.fake.server->keys("mnist_segments").size(), 4u);
  const ListPage page = f.store->list("", "", {});
  ASSERT_EQ(page.objects.size(), 1u);
  EXPECT_EQ(page.objects[0].size, f.bytes.size());
  EXPECT_EQ(page.objects[0].etag, put.etag);
  f.store->remove("large", {});
  EXPECT_TRUE(f.fake.server->keys("mnist_segments").empty());
}

// Between the server and the store: runs something once, when an answer has come.
class Interrupted final : public http::Client {
 public:
  using Test = std::function<bool(const http::ClientRequest&)>;
  Interrupted(std::shared_ptr<http::Client> inner, Test when, std::function<void()> then)
      : inner_(std::move(inner)), when_(std::move(when)), then_(std::move(then)) {}
  http::ClientResponse send(const http::ClientRequest& request) override {
    http::ClientResponse response = inner_->send(request);
    if (when_(request) && !done_.exchange(true)) then_();
    return response;
  }

 private:
  std::shared_ptr<http::Client> inner_;
  Test when_;
  std::function<void()> then_;
  std::atomic<bool> done_{false};
};

// Two uploads of one key; the other begins and ends when the one has got the answer for which
// `when` is true.
struct Interleaved : Segmented {
  Interleaved() : Segmented(1) {}
  void run(Interrupted::Test when) {
    SwiftOptions options = fake.options();
    options.single_limit = 1000;
    options.segment_size = 400;
    options.segment_connections = 1;
    const auto first =
        open_swift(options,
                   std::make_shared<Interrupted>(fake.server, std::move(when),
                                                 [&] { upload_bytes(*store, other, "large", {}); }),
                   fake.clock);
    EXPECT_EQ(upload_bytes(*first, bytes, "large", {}).size, bytes.size());
  }
  std::string other = std::string(1300, 'o');
};

TEST(SwiftUpload, AnUploadThatOverlapsAnotherKeepsItsSegments) {
  Interleaved f;
  f.run([](const http::ClientRequest& request) {
    return request.url.find("/00000001") != std::string::npos;
  });
  EXPECT_EQ(download_bytes(*f.store, "large", 1 << 20), f.bytes);
  EXPECT_EQ(f.fake.server->keys("mnist_segments").size(), 4u);
}

TEST(SwiftUpload, AnObjectThatReplacedTheOneJustWrittenKeepsItsSegments) {
  for (const char* method : {"PUT", "HEAD"}) {
    Interleaved f;
    upload_bytes(*f.store, std::string(1100, 'p'), "large", {});
    std::atomic<bool> written{false};
    f.run([&](const http::ClientRequest& request) {
      if (request.url.ends_with("multipart-manifest=put")) written = true;
      return written && request.method == method;
    });
    EXPECT_EQ(download_bytes(*f.store, "large", 1 << 20), f.other) << method;
  }
}

TEST(SwiftUpload, OnlyTheSegmentsOfTheObjectThatItReplacedAreRemoved) {
  Segmented f(1);
  upload_bytes(*f.store, std::string(2000, 'p'), "large", {});
  EXPECT_EQ(f.fake.server->keys("mnist_segments").size(), 5u);
  const std::string unknown = "large/0123456789abcdef/00000000";
  f.fake.server->put("mnist_segments", unknown, "x");
  upload_bytes(*f.store, f.bytes, "large", {});
  EXPECT_EQ(download_bytes(*f.store, "large", 1 << 20), f.bytes);
  const auto left = f.fake.server->keys("mnist_segments");
  EXPECT_EQ(left.size(), 4u + 1u);
  EXPECT_THAT(left, testing::Contains(unknown));
}

TEST(SwiftUpload, SendsOnlyTheFailedSegmentAgain) {
  for (const Fault& fault : {Fault{.reset_before = true}, Fault{.reset_after = true},
                             Fault{.corrupt_upload = true}, Fault{.status = 503}}) {
    Segmented f(3);
    auto left = std::make_shared<int>(1);
    f.fake.server->script = [=](const http::ClientRequest& request,
                                unsigned) -> std::optional<Fault> {
      if (request.url.find("/00000002") == std::string::npos || --*left < 0) return std::nullopt;
      return fault;
    };
    upload_bytes(*f.store, f.bytes, "large", {});
    EXPECT_EQ(download_bytes(*f.store, "large", 1 << 20), f.bytes);
    unsigned puts = 0;
    for (const std::string& line : f.fake.server->requests()) {
      puts += line.starts_with("PUT") && line.find("_segments/") != line.npos;
    }
    EXPECT_EQ(puts, 5u);
  }
}

TEST(SwiftUpload, AFailedUploadLeavesNoSegments) {
  Segmented f(2);
  f.fake.server->script = [](const http::ClientRequest& request, unsigned) -> std::optional<Fault> {
    if (request.method != "PUT" || request.url.find("/00000003") == std::string::npos) {
      return std::nullopt;
    }
    return Fault{.status = 507};
  };
  EXPECT_EQ(error_of([&] { upload_bytes(*f.store, f.bytes, "large", {}); }).kind(),
            ErrorKind::Exhausted);
  EXPECT_TRUE(f.fake.server->keys("mnist_segments").empty());
  EXPECT_FALSE(f.store->head("large", {}));
}

TEST(SwiftUpload, AnUploadDamagedOnItsWayIsRefused) {
  FakeSwiftStore fake;
  fake.server->script = [](const http::ClientRequest& request, unsigned) -> std::optional<Fault> {
    if (request.method != "PUT") return std::nullopt;
    return Fault{.corrupt_upload = true};
  };
  const Error error =
      error_of([&] { upload_bytes(*fake.open(fake.options()), "0123456789", "k", {}); });
  EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
  EXPECT_THAT(error.what(), HasSubstr("damaged"));
}

TEST(SwiftUpload, SegmentsWithoutAnObjectAreDiscardedBelowThePrefixOnly) {
  FakeSwiftStore fake;
  SwiftOptions options = fake.options();
  options.single_limit = options.segment_size = 1000;
  const auto store = fake.open(options);
  EXPECT_EQ(store->discard_unfinished("run/", {}), 0u);  // there is no container of segments
  upload_bytes(*store, std::string(2500, 'x'), "run/stands", {});
  for (const char* key :
       {"run/stands/0123456789abcdef/00000000", "run/lost/0123456789abcdef/00000000", "run/notes",
        "run/lost/0123456789ABCDEF/00000000", "other/0123456789abcdef/00000000"}) {
    fake.server->put("mnist_segments", key, "x");
  }
  EXPECT_EQ(store->discard_unfinished("run/", {}), 2u);
  EXPECT_EQ(fake.server->keys("mnist_segments").size(), 3u + 3u);
  EXPECT_EQ(download_bytes(*store, "run/stands", 10'000), std::string(2500, 'x'));
}

TEST(SwiftLimits, AreReadFromInfo) {
  const auto limits = swift::parse_info(
      R"({"swift":{"max_file_size":100},"slo":{"max_manifest_segments":20,"min_segment_size":3}})");
  EXPECT_EQ(limits, (swift::Limits{100, 20, 3}));
  for (const char* text :
       {"{}", R"({"swift":7,"slo":[]})", R"({"swift":{"max_file_size":0}})",
        R"({"swift":{"max_file_size":-1},"slo":{"max_manifest_segments":"9"}})"}) {
    EXPECT_EQ(swift::parse_info(text), swift::Limits{}) << text;
  }
  for (const char* text : {"", "[]", "<html>"}) {
    EXPECT_EQ(error_of([&] { swift::parse_info(text); }).kind(), ErrorKind::Corrupt) << text;
  }
  EXPECT_EQ(swift::info_url("https://h:8080/v1/AUTH_p"), "https://h:8080/info");
  EXPECT_EQ(swift::info_url("http://v1.h/swift/v1"), "http://v1.h/swift/info");
  EXPECT_EQ(swift::info_url("http://h"), "http://h/info");
}

TEST(SwiftLimits, SegmentsAreCutSoThatTheyFit) {
  constexpr std::uint64_t kMiB = 1u << 20, kGiB = 1u << 30;
  SwiftOptions options;
  const auto cut = [&](std::uint64_t size, const swift::Limits& limits) {
    return swift::segment_size_for(size, options, limits).value_or(0);
  };
  EXPECT_EQ(cut(5 * kGiB, {}), 0u);
  EXPECT_EQ(cut(5 * kGiB + 1, {}), kGiB);
  EXPECT_EQ(cut(1000 * kGiB, {}), kGiB);
  EXPECT_EQ(cut(1000 * kGiB + 1, {}), kGiB + 16 * kMiB);  // whole checksum_block()s
  EXPECT_EQ(cut(5000 * kGiB, {}), 5 * kGiB);
  EXPECT_EQ(cut(6 * kGiB, {.max_file_size = 8 * kGiB}), kGiB);
  EXPECT_EQ(cut(2 * kGiB, {.max_file_size = 100 * kMiB + 1}), 100 * kMiB + 1);
  EXPECT_EQ(cut(6 * kGiB, {.min_segment_size = 2 * kGiB}), 2 * kGiB);
  EXPECT_EQ(cut(6 * kGiB, {.max_segments = 3}), 2 * kGiB);
  const Error error = error_of([&] { cut(5000 * kGiB + 1, {}); });
  EXPECT_EQ(error.kind(), ErrorKind::TooLarge);
  EXPECT_THAT(error.what(), HasSubstr("1000 segments of 5 GiB at most"));
}

TEST(SwiftLimits, AreAskedForOnceAndByLargeSourcesOnly) {
  Segmented f(1);
  f.fake.server->info = R"({"slo":{"max_manifest_segments":3},"swift":{"max_file_size":510}})";
  const auto asked = [&] {
    const auto requests = f.fake.server->requests();
    return std::count(requests.begin(), requests.end(), "GET http://swift.test/info");
  };
  upload_bytes(*f.store, "small", "small", {});
  EXPECT_EQ(asked(), 0);
  upload_bytes(*f.store, f.bytes, "large", {});
  EXPECT_EQ(f.fake.server->keys("mnist_segments").size(), 3u);
  EXPECT_EQ(download_bytes(*f.store, "large", 1 << 20), f.bytes);
  const Error error = error_of([&] { upload_bytes(*f.store, std::string(1531, 'x'), "k", {}); });
  EXPECT_EQ(error.kind(), ErrorKind::TooLarge);
  EXPECT_THAT(error.what(), HasSubstr("write 'k': "));
  EXPECT_EQ(f.fake.server->keys("mnist_segments").size(), 3u);
  EXPECT_EQ(asked(), 1);
}

TEST(SwiftLimits, AServerThatDoesNotTellHasThoseOfSwift) {
  for (const Fault& fault : {Fault{.status = 401}, Fault{.status = 404}, Fault{.status = 500},
                             Fault{.status = 200, .body = "<html>"}, Fault{.reset_before = true}}) {
    Segmented f(1);
    f.fake.server->script = [fault](const http::ClientRequest& request, unsigned) {
      return request.url.ends_with("/info") ? std::optional(fault) : std::nullopt;
    };
    upload_bytes(*f.store, f.bytes, "large", {});
    EXPECT_EQ(f.fake.server->keys("mnist_segments").size(), 4u);
  }
}

TEST(SwiftListing, ReadsStaticManifests) {
  const auto entries = swift::parse_static_manifest(
      R"([{"name":"/c/a","bytes":3,"hash":"h","range":"1-2"},)"
      R"({"name":"/c/b","bytes":9,"hash":"h","sub_slo":true},{"data":"aGVsbG8="}])");
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].path, "/c/a");
  EXPECT_EQ(entries[0].hash, "h");
  EXPECT_EQ(entries[0].range, "1-2");
  EXPECT_FALSE(entries[0].nested);
  EXPECT_EQ(entries[1].size, 9u);
  EXPECT_TRUE(entries[1].nested);
  EXPECT_EQ(entries[2].size, 5u);
  EXPECT_EQ(entries[2].hash, to_hex(digest(Digest::Md5, "hello")));
  for (const char* text : {"", "{}", "[1]", "[{}]", R"([{"bytes":-1}])", R"([{"data":"?"}])"}) {
    EXPECT_EQ(error_of([&] { swift::parse_static_manifest(text); }).kind(), ErrorKind::Corrupt)
        << text;
  }
}

TEST(SwiftListing, KnowsHowLongARangeOfASegmentIs) {
  const auto length = [](std::string range, std::uint64_t size, bool nested = false) {
    return swift::length_of_range({"/c/a", "h", size, std::move(range), nested});
  };
  EXPECT_EQ(length("2-5", 10), 4u);
  EXPECT_EQ(length("2-50", 10), 8u);
  EXPECT_EQ(length("20-50", 10), 0u);
  EXPECT_EQ(length("7-", 10), 3u);
  EXPECT_EQ(length("-3", 10), 3u);
  EXPECT_EQ(length("-30", 10), 10u);
  EXPECT_EQ(length("2-5", 0, true), 4u);
  for (const char* range : {"", "x", "-", "5-2", "1-x", "0-18446744073709551615"}) {
    EXPECT_EQ(error_of([&] { length(range, 10); }).kind(), ErrorKind::Corrupt) << range;
  }
  EXPECT_EQ(error_of([&] { length("7-", 10, true); }).kind(), ErrorKind::Corrupt);
}

TEST(SwiftListing, ReadsAndRefuses) {
  const auto entries = swift::parse_listing(
      R"([{"name":"a","bytes":3,"hash":"h","content_type":"text/plain"},{"subdir":"d/"},)"
      R"({"name":"s","bytes":9,"hash":"m","slo_etag":"\"e\""},)"
      R"({"name":"z","bytes":0,"hash":"h"},)"
      R"({"name":"d","bytes":0,"hash":"h","content_type":"application/directory"}])");
  ASSERT_EQ(entries.size(), 4u);
  EXPECT_EQ(entries[0].object.etag, "h");
  EXPECT_EQ(entries[1].object.etag, "e");
  EXPECT_TRUE(swift::parse_listing("[]").empty());
  for (const char* text : {"", "{}", "[1]", "[{}]", "<html>", R"([{"name":"a","bytes":-1}])",
                           R"([{"name":"","bytes":1}])", R"([{"name":"a"}])"}) {
    EXPECT_EQ(error_of([&] { swift::parse_listing(text); }).kind(), ErrorKind::Corrupt) << text;
  }
}

}  // namespace
}  // namespace trainyard::objectstore
