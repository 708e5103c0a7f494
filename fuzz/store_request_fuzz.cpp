// What a signed request can still say wrongly. One line each: path, query, Range, a conditional
// header, a date.
#include "base/strings.hpp"
#include "fuzzing.hpp"
#include "gateway/conditions.hpp"
#include "gateway/names.hpp"
#include "gateway/presign_v2.hpp"
#include "gateway/ranges.hpp"
#include "gateway/routes.hpp"
#include "gateway/s3_error.hpp"

using namespace trainyard;
using namespace trainyard::fuzzing;
using namespace trainyard::gateway;

namespace {

constexpr std::uint64_t kSize = 1000;

void check_inside(const ByteRange& range) {
  require(range.length > 0 && range.offset < kSize && range.length <= kSize - range.offset);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto lines = split(text_of(data, size), '\n');
  lines.resize(5);
  http::Request request;
  request.method = "GET";
  request.raw_path = lines[0];
  request.raw_query = lines[1];
  request.query = http::Query::parse(lines[1]);
  request.headers = {{"If-None-Match", lines[3]}, {"If-Modified-Since", lines[4]}};
  attempt<S3Error>([&] {
    const Resource resource = parse_resource(request.raw_path);
    check_key(resource.key);
    route(request, resource);
  });
  attempt<S3Error>([&] {
    if (const auto range = parse_range(lines[2], kSize)) check_inside(*range);
  });
  attempt<S3Error>([&] { check_inside(parse_copy_range(lines[2], kSize)); });
  attempt<S3Error>([&] { parse_range(lines[2], 0); });
  attempt<S3Error>([&] {
    if (const auto presigned = parse_presigned_v2(request)) {
      verify_presigned_v2(*presigned, request, Secret("secret"), TimePoint());
    }
  });
  evaluate(request.headers, "", {"etag", TimePoint()});
  attempt<S3Error>([&] { write_condition(request.headers); });
  return 0;
}
