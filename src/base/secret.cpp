#include "base/secret.hpp"

#include <openssl/crypto.h>

#include <utility>

#include "base/hash.hpp"

namespace trainyard {

namespace {

// Also wipes what lies between the size and the capacity: a short string that was moved from keeps
// its bytes there.
void wipe(std::string& value) noexcept {
  value.resize(value.capacity());
  OPENSSL_cleanse(value.data(), value.size());
  value.clear();
}

}  // namespace

Secret::Secret(std::string value) : value_(std::move(value)) { wipe(value); }

Secret::Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { wipe(other.value_); }

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) *this = Secret(other);
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe(value_);
    value_.swap(other.value_);
    wipe(other.value_);
  }
  return *this;
}

Secret::~Secret() { wipe(value_); }

bool operator==(const Secret& a, const Secret& b) noexcept {
  return constant_time_equal(a.value_, b.value_);
}

}  // namespace trainyard
