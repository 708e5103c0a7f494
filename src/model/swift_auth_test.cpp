#include "model/swift_auth.hpp"

#include <gtest/gtest.h>

namespace trainyard::model {
namespace {

TEST(SwiftAuth, TheEndOfThePathTellsTheVersion) {
  for (const char* one : {"http://ceph:7480/auth/1.0", "ceph/auth/1.0/", "https://h/auth/v1.0",
                          "https://h/auth/v1.0//", "https://h/auth/v1", "https://h/v1.0"}) {
    EXPECT_TRUE(is_version_one_auth(one)) << one;
  }
  for (const char* keystone :
       {"", "v1", "https://v1", "https://h", "https://h/", "https://h/v3", "https://h/identity",
        "https://h/1.0", "https://h/myauth/1.0", "https://h/v1/x", "https://h/rev1"}) {
    EXPECT_FALSE(is_version_one_auth(keystone)) << keystone;
  }
}

}  // namespace
}  // namespace trainyard::model
