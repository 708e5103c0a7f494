// What a Swift server and Keystone may answer.
#include "fuzzing.hpp"
#include "objectstore/keystone.hpp"
#include "objectstore/swift_limits.hpp"
#include "objectstore/swift_listing.hpp"

using namespace trainyard::fuzzing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace store = trainyard::objectstore;
  const std::string_view json = text_of(data, size);
  attempt([&] { store::swift::parse_listing(json); });
  attempt([&] {
    for (const auto& entry : store::swift::parse_static_manifest(json)) {
      attempt([&] { store::swift::length_of_range(entry); });
    }
  });
  attempt([&] { store::swift::parse_info(json); });
  attempt([&] { store::keystone::read_token(json, "loopback"); });
  attempt([&] { store::keystone::read_token(json, ""); });
  attempt([&] { store::keystone::read_projects(json); });
  attempt([&] { store::keystone::is_error(json); });
  return 0;
}
