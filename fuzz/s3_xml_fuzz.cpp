// What an S3 server may answer: listings, errors, uploads in parts.
#include "fuzzing.hpp"
#include "objectstore/s3_xml.hpp"

using namespace trainyard::fuzzing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace s3 = trainyard::objectstore::s3;
  const std::string_view xml = text_of(data, size);
  attempt([&] {
    const s3::Listing listing = s3::parse_listing(xml);
    require(listing.objects.size() <= s3::kMaxListed);
    for (const auto& object : listing.objects) require(!object.key.empty());
  });
  attempt([&] { s3::parse_error(xml); });
  attempt([&] { s3::parse_upload_id(xml); });
  attempt([&] { s3::parse_open_uploads(xml); });
  attempt([&] { s3::parse_completed(xml); });
  return 0;
}
