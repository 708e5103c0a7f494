// What a signed request can still say wrongly. One line each: path, query, Range, a conditional
// header, a date.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.hpp"
#include "gateway/conditions.hpp"
#include "gateway/names.hpp"
#include "gateway/presign_v2.hpp"
#include "gateway/ranges.hpp"
#include "gateway/routes.hpp"
#include "gateway/s3_error.hpp"

using namespace trainyard;
using namespace trainyard::gateway;

namespace {

constexpr std::uint64_t kSize = 1000;

template <typename Fn>
void attempt(Fn&& fn) {
  try {
    fn();
  } catch (const S3Error&) {
  }
}

void check_inside(const ByteRange& range) {
  if (range.length == 0 || range.offset >= kSize || range.length > kSize - range.offset) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto lines = split({reinterpret_cast<const char*>(data), size}, '\n');
  lines.resize(5);
  http::Request request;
  request.method = "GET";
  request.raw_path = lines[0];
  request.raw_query = lines[1];
  request.query = http::Query::parse(lines[1]);
  request.headers = {{"If-None-Match", lines[3]}, {"If-Modified-Since", lines[4]}};
  attempt([&] {
    const Resource resource = parse_resource(request.raw_path);
    check_key(resource.key);
    route(request, resource);
  });
  attempt([&] {
    if (const auto range = parse_range(lines[2], kSize)) check_inside(*range);
  });
  attempt([&] { check_inside(parse_copy_range(lines[2], kSize)); });
  attempt([&] { parse_range(lines[2], 0); });
  attempt([&] {
    if (const auto presigned = parse_presigned_v2(request)) {
      verify_presigned_v2(*presigned, request, Secret("secret"), TimePoint());
    }
  });
  evaluate(request.headers, "", {"etag", TimePoint()});
  attempt([&] { write_condition(request.headers); });
  return 0;
}
