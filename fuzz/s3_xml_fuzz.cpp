// What an S3 server may answer: listings, errors, uploads in parts.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.hpp"
#include "objectstore/s3_xml.hpp"

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
  namespace s3 = trainyard::objectstore::s3;
  const std::string_view xml(reinterpret_cast<const char*>(data), size);
  attempt([&] {
    const s3::Listing listing = s3::parse_listing(xml);
    if (listing.objects.size() > s3::kMaxListed) __builtin_trap();
    for (const auto& object : listing.objects) {
      if (object.key.empty()) __builtin_trap();
    }
  });
  attempt([&] { s3::parse_error(xml); });
  attempt([&] { s3::parse_upload_id(xml); });
  attempt([&] { s3::parse_completed_etag(xml); });
  return 0;
}
