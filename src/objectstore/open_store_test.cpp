#include "objectstore/open_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "objectstore/failing_store.hpp"
#include "objectstore/memory_store.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::objectstore {
namespace {

using testing::HasSubstr;
using testing::Not;

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
