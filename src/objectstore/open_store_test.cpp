#include "objectstore/open_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "http/server.hpp"
#include "objectstore/failing_store.hpp"
#include "objectstore/memory_store.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::objectstore {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

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

TEST(CheckAccess, TrainingDataMustNotBeEmpty) {
  const auto store = make_memory_store();
  const Error empty = error_of([&] { check_access(*store, "", StoreUse::TrainingData, {}); });
  EXPECT_EQ(empty.kind(), ErrorKind::NotFound);
  EXPECT_STREQ(
      empty.what(),
      "there is no training data in memory://bucket: it holds no files; put them there first");
  upload_bytes(*store, "x", "mnist/a", {});
  check_access(*store, "", StoreUse::TrainingData, {});
  check_access(*store, "mnist/", StoreUse::TrainingData, {});
  EXPECT_THAT(error_of([&] { check_access(*store, "cifar/", StoreUse::TrainingData, {}); }).what(),
              HasSubstr("below 'cifar/'"));
  EXPECT_THAT(error_of([&] { check_access(*store, "/mnist/", StoreUse::TrainingData, {}); }).what(),
              HasSubstr("below '/mnist/'; keys begin without a slash"));
}

TEST(CheckAccess, MarkersOfFoldersAreNoTrainingData) {
  const auto store = make_memory_store({.page_size = 1});
  upload_bytes(*store, "", "train/", {});
  upload_bytes(*store, "", "train/sub/", {});
  for (const char* prefix : {"", "train/"}) {
    const Error none = error_of([&] { check_access(*store, prefix, StoreUse::TrainingData, {}); });
    EXPECT_THAT(none.what(), HasSubstr("it holds no files"));
  }
  upload_bytes(*store, "", "train/sub/z", {});
  for (const char* prefix : {"", "train/"}) {
    check_access(*store, prefix, StoreUse::TrainingData, {});
  }
}

TEST(CheckAccess, AListingWithoutAnEndIsNotReadToIt) {
  const auto store = make_memory_store({.page_size = 1});
  for (unsigned i = 0; i <= kCheckPages; ++i) {
    upload_bytes(*store, "", "train/" + std::to_string(100 + i) + "/", {});
  }
  FailingStore counting(*store, {});
  const Error endless =
      error_of([&] { check_access(counting, "train/", StoreUse::TrainingData, {}); });
  EXPECT_EQ(endless.kind(), ErrorKind::InvalidInput);
  EXPECT_STREQ(endless.what(),
               "memory://bucket lists 20 pages without a file below 'train/'; name a prefix that "
               "has files");
  EXPECT_EQ(counting.calls(StoreCall::List), kCheckPages);
}

TEST(CheckAccess, ResultsMayGoToAnEmptyBucket) {
  const auto store = make_memory_store();
  FailingStore counting(*store, {});
  check_access(counting, "", StoreUse::TrainingResults, {});
  EXPECT_EQ(counting.calls(StoreCall::List), 1u);
  EXPECT_EQ(counting.calls(StoreCall::Put), 0u);
}

TEST(CheckAccess, AProbeFindsKeysThatMayNotWriteAndLeavesNothing) {
  const auto store = make_memory_store();
  FailingStore counting(*store, {});
  check_access(counting, "team/", StoreUse::ProbedResults, {});
  EXPECT_EQ(counting.calls(StoreCall::Put), 1u);
  EXPECT_TRUE(store->list("", "", {}).objects.empty());
  FailingStore read_only(*store, [](StoreCall call, const auto&, auto) {
    return call == StoreCall::Put ? std::optional(Failure{.kind = ErrorKind::Forbidden})
                                  : std::nullopt;
  });
  const Error refused = error_of([&] { check_access(read_only, "", StoreUse::ProbedResults, {}); });
  EXPECT_EQ(refused.kind(), ErrorKind::Forbidden);
  EXPECT_THAT(refused.what(), HasSubstr("results cannot be stored in memory://bucket: "));
}

TEST(CheckAccess, WhatMayBeWrittenAndNotRemovedWillDo) {
  const auto store = make_memory_store();
  FailingStore keeping(*store, [](StoreCall call, const auto&, auto) {
    return call == StoreCall::Remove ? std::optional(Failure{.kind = ErrorKind::Forbidden})
                                     : std::nullopt;
  });
  check_access(keeping, "p/", StoreUse::ProbedResults, {});
  EXPECT_EQ(store->list("", "", {}).objects.at(0).key, "p/.trainyard-probe");
}

TEST(CheckAccess, AnEndpointThatDoesNotListenIsNamed) {
  model::StoreReference reference;
  reference.connection =
      model::S3Connection{"http://127.0.0.1:1", "AKIA", Secret("very-secret"), "us-east-1"};
  reference.bucket = "mnist";
  const Error error =
      error_of([&] { check_access(reference, StoreUse::TrainingData, OpenOptions{}, {}); });
  EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
  EXPECT_THAT(error.what(), HasSubstr("http://127.0.0.1:1 cannot be reached; check endpoint_url"));
  EXPECT_THAT(error.what(), Not(HasSubstr("very-secret")));
}

// A store on loopback that answers each request in this way.
class CheckedServer {
 public:
  explicit CheckedServer(http::Handler handler)
      : server_(http::serve({}, std::move(handler), [](const auto&, const Error& error) {
          return http::Response{500, {}, error.what()};
        })) {}

  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }
  Error check(Milliseconds limit, std::stop_token stop = {}) const {
    model::StoreReference reference;
    reference.connection = model::S3Connection{url(), "AKIA", Secret("s"), "us-east-1"};
    reference.bucket = "mnist";
    return error_of(
        [&] { check_access(reference, StoreUse::TrainingData, {.check_limit = limit}, stop); });
  }

 private:
  std::unique_ptr<http::Server> server_;
};

http::Answer never(http::Request& request) {
  SystemClock().sleep_for(Milliseconds::max(), request.stop);
  return http::Response{503};
}

http::Handler slow_down(http::Headers headers) {
  return [headers](http::Request&) -> http::Answer {
    return http::Response{503, headers,
                          "<Error><Code>SlowDown</Code><Message>Please reduce your request "
                          "rate.</Message></Error>"};
  };
}

TEST(CheckAccess, AStoreThatDoesNotFinishItsAnswerIsNamed) {
  const CheckedServer server(never);
  const Error error = server.check(Milliseconds(50));
  EXPECT_EQ(error.kind(), ErrorKind::Timeout);
  EXPECT_EQ(error.what(),
            server.url() + " did not finish its answer within 50 ms; try again later");
}

TEST(CheckAccess, AStopIsNoFaultOfTheStore) {
  const CheckedServer server(never);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(server.check(kCheckLimit, stop.get_token()).kind(), ErrorKind::Canceled);
}

TEST(CheckAccess, AStoreThatAsksToSlowDownCanBeReached) {
  const CheckedServer server(slow_down({}));
  const Error error = server.check(kCheckLimit);
  EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
  EXPECT_THAT(error.what(), AllOf(StartsWith(server.url() + " asks to slow down"),
                                  HasSubstr("SlowDown: Please reduce"), HasSubstr("tried 2 times"),
                                  Not(HasSubstr("cannot be reached"))));
}

TEST(CheckAccess, AStoreThatAsksForMoreTimeThanThereIsGetsNone) {
  const CheckedServer server(slow_down({{"Retry-After", "3600"}}));
  const Error error = server.check(Milliseconds(1000));
  EXPECT_EQ(error.kind(), ErrorKind::Timeout);
  EXPECT_THAT(error.what(), AllOf(StartsWith(server.url() + " asks to slow down"),
                                  HasSubstr("for more than 1 s")));
}

TEST(OpenStore, NeedsNoNetwork) {
  model::StoreReference reference;
  reference.connection = model::S3Connection{"https://s3.example.org", "AKIA", Secret("s"), ""};
  reference.bucket = "mnist";
  EXPECT_EQ(open_store(reference)->description(), "s3://mnist at https://s3.example.org");
}

TEST(OpenStore, OpensSwiftToo) {
  model::StoreReference reference;
  reference.connection = model::SwiftConnection{
      "https://identity.example.org", "u", Secret("p"), "dallas", "d", "123"};
  reference.bucket = "mnist";
  EXPECT_EQ(open_store(reference)->description(),
            "swift://mnist at https://identity.example.org/v3 (project 123) in dallas");
}

TEST(CredentialsOf, TellsCredentialsApartAndNothingElse) {
  model::StoreReference one;
  one.connection = model::S3Connection{"http://a", "key", Secret("secret"), "eu"};
  model::StoreReference same = one, other = one, shifted = one;
  same.connection = model::S3Connection{"http://a/", "key", Secret("secret"), ""};
  other.connection = model::S3Connection{"http://a", "key", Secret("Secret"), "eu"};
  shifted.connection = model::S3Connection{"http://a", "keys", Secret("ecret"), "eu"};
  EXPECT_TRUE(credentials_of(one) == credentials_of(same));
  EXPECT_FALSE(credentials_of(one) == credentials_of(other));
  EXPECT_FALSE(credentials_of(one) == credentials_of(shifted));
}

}  // namespace
}  // namespace trainyard::objectstore
