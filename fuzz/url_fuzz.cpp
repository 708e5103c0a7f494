// A URL that a user or a server wrote: what is taken has all its parts, and no byte of it can end
// the request line.
#include <algorithm>

#include "fuzzing.hpp"
#include "http/url.hpp"

using namespace trainyard;
using namespace trainyard::fuzzing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  attempt([&] {
    const http::Url url = http::parse_url(std::string(text_of(data, size)));
    require(!url.host.empty() && url.port != 0 && !url.scheme.empty());
    require(!url.target.empty() && std::none_of(url.target.begin(), url.target.end(), [](char c) {
      return static_cast<unsigned char>(c) <= ' ';
    }));
    http::is_loopback(url.host);
  });
  return 0;
}
