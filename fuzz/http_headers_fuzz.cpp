// What stands in headers and is read by code of ours: ranges, codings, addresses, session tokens.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "accounts/session.hpp"
#include "accounts/throttle.hpp"
#include "http/byte_range.hpp"
#include "http/forwarded.hpp"
#include "http/server.hpp"

using namespace trainyard;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static auto accounts = accounts::open_accounts(":memory:", {"ann", Secret("key")}, TimePoint{});
  const std::string text(reinterpret_cast<const char*>(data), size);
  constexpr std::uint64_t kSize = 1000;
  if (const auto bounds = http::parse_range_bounds(text)) {
    const auto range = http::within(*bounds, kSize);
    if (range && (range->length == 0 || range->offset + range->length > kSize)) std::abort();
  }
  http::Request request;
  request.headers = http::Headers{{"Accept-Encoding", text}};
  http::accepts_gzip(request);
  accounts::throttle_key_of(text);
  accounts::throttle_key_of(
      http::forwarded_peer({{"X-Forwarded-For", text}}).value_or("192.0.2.1:80"));
  if (accounts::read_session(*accounts.keys, text, TimePoint{})) std::abort();  // nothing is signed
  return 0;
}
