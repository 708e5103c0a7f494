#pragma once
// For tests: what a call throws.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "base/error.hpp"

namespace trainyard {

// The kind of the Error that `call` throws, its text in `text`; throwing none fails the test.
inline ErrorKind kind_of(const std::function<void()>& call, std::string* text = nullptr) {
  try {
    call();
  } catch (const Error& e) {
    if (text != nullptr) *text = e.what();
    return e.kind();
  }
  ADD_FAILURE() << "no error";
  return ErrorKind::Internal;
}

}  // namespace trainyard
