// An endpoint as a manifest may have it: what is taken reads the same when written out.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.hpp"
#include "objectstore/endpoint.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace store = trainyard::objectstore;
  try {
    const store::Endpoint endpoint =
        store::parse_endpoint(std::string_view(reinterpret_cast<const char*>(data), size));
    store::known_host(endpoint.host);
    if (!(store::parse_endpoint(endpoint.url()) == endpoint)) __builtin_trap();
  } catch (const trainyard::Error&) {
  }
  return 0;
}
