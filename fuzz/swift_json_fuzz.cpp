// What a Swift server and Keystone may answer.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.hpp"
#include "objectstore/keystone.hpp"
#include "objectstore/swift_listing.hpp"

namespace {

template <typename Fn>
void attempt(Fn&& parse) {
  try {
    parse();
  } catch (const trainyard::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace store = trainyard::objectstore;
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  attempt([&] { store::swift::parse_listing(json); });
  attempt([&] { store::keystone::read_token(json, "loopback"); });
  attempt([&] { store::keystone::read_token(json, ""); });
  attempt([&] { store::keystone::read_projects(json); });
  return 0;
}
