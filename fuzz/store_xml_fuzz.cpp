// XML bodies as a stranger sends them, through each of their readers.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gateway/s3_error.hpp"
#include "gateway/xml_requests.hpp"

using namespace trainyard::gateway;

namespace {

template <typename Parse>
void attempt(Parse&& parse) {
  try {
    parse();
  } catch (const S3Error& error) {
    if (error.code() != S3Code::MalformedXML) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view xml(reinterpret_cast<const char*>(data), size);
  attempt([&] {
    if (parse_delete(xml).items.empty()) std::abort();
  });
  attempt([&] {
    if (parse_complete(xml).parts.empty()) std::abort();
  });
  attempt([&] { parse_location(xml); });
  return 0;
}
