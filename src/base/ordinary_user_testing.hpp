#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

namespace trainyard {

// Root passes any mode. While it lives, a test of root's runs as somebody else; anybody else's as
// it is.
class OrdinaryUser {
 public:
  OrdinaryUser() { become(65534); }
  ~OrdinaryUser() { become(0); }

 private:
  void become(uid_t user) const {
    if (root_) {
      EXPECT_EQ(::seteuid(user), 0);
    }
  }

  const bool root_ = ::geteuid() == 0;
};

}  // namespace trainyard
