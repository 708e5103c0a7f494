// XML bodies as a stranger sends them, through each of their readers.
#include "fuzzing.hpp"
#include "gateway/s3_error.hpp"
#include "gateway/xml_requests.hpp"

using namespace trainyard::fuzzing;
using namespace trainyard::gateway;

namespace {

template <typename Parse>
void attempt_parse(Parse&& parse) {
  try {
    parse();
  } catch (const S3Error& error) {
    require(error.code() == S3Code::MalformedXML);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view xml = text_of(data, size);
  attempt_parse([&] { require(!parse_delete(xml).items.empty()); });
  attempt_parse([&] { require(!parse_complete(xml).parts.empty()); });
  attempt_parse([&] { parse_location(xml); });
  return 0;
}
