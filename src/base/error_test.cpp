#include "base/error.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>

namespace trainyard {
namespace {

TEST(Error, ContextIsPrependedOutermostFirst) {
  try {
    with_context("submit", [] {
      with_context("manifest.yml", [] { throw Error(ErrorKind::InvalidInput, "no command"); });
    });
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "submit: manifest.yml: no command");
    EXPECT_EQ(e.kind(), ErrorKind::InvalidInput);
  }
}

TEST(Error, WithContextPassesResultsAndReferencesThrough) {
  int value = 1;
  int& same = with_context("x", [&]() -> int& { return value; });
  same = 5;
  EXPECT_EQ(value, 5);
  EXPECT_EQ(with_context("x", [] { return std::string("result"); }), "result");
}

TEST(Error, WithContextLeavesForeignExceptionsAlone) {
  EXPECT_THROW(with_context("x", [] { throw std::out_of_range("foreign"); }), std::out_of_range);
}

TEST(Error, OnlyUnavailableAndTimeoutAreRetryable) {
  EXPECT_TRUE(Error(ErrorKind::Unavailable, "").retryable());
  EXPECT_TRUE(Error(ErrorKind::Timeout, "").retryable());
  EXPECT_FALSE(Error(ErrorKind::Exhausted, "").retryable());
  EXPECT_FALSE(Error(ErrorKind::Internal, "").retryable());
}

TEST(Error, EveryKindHasItsOwnName) {
  std::set<std::string_view> names;
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::Internal); ++kind) {
    names.insert(to_string(static_cast<ErrorKind>(kind)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(ErrorKind::Internal) + 1);
  EXPECT_EQ(to_string(ErrorKind::InvalidInput), "invalid_input");
  EXPECT_EQ(to_string(ErrorKind::TooLarge), "too_large");
}

TEST(SystemError, MapsErrnoToKinds) {
  EXPECT_EQ(system_error("open /x", ENOENT).kind(), ErrorKind::NotFound);
  EXPECT_EQ(system_error("open /x", EACCES).kind(), ErrorKind::Forbidden);
  EXPECT_EQ(system_error("open /x", ENOSPC).kind(), ErrorKind::Exhausted);
  EXPECT_EQ(system_error("open /x", EDQUOT).kind(), ErrorKind::Exhausted);
  EXPECT_EQ(system_error("open /x", EMFILE).kind(), ErrorKind::Exhausted);
  EXPECT_EQ(system_error("open /x", EIO).kind(), ErrorKind::Internal);
  EXPECT_STREQ(system_error("open /x", ENOENT).what(), "open /x: No such file or directory");
}

TEST(SystemError, ThrowErrnoReadsErrno) {
  errno = EACCES;
  try {
    throw_errno("open /x");
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "open /x: Permission denied");
  }
}

}  // namespace
}  // namespace trainyard
