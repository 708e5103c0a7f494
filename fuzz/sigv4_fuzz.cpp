// What a stranger sends as credentials: first line the Authorization header, second the query.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "objectstore/sigv4.hpp"

namespace sigv4 = trainyard::objectstore::sigv4;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = input.find('\n');
  const std::string_view query = line == input.npos ? "" : input.substr(line + 1);
  trainyard::http::Headers headers{{"Host", "h"},
                                   {"X-Amz-Date", "20130524T000000Z"},
                                   {"X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"}};
  if (line != 0) headers.add("Authorization", std::string(input.substr(0, line)));
  const sigv4::Message message{"GET", query, query, headers};
  try {
    const sigv4::Presented presented = sigv4::parse(message);
    sigv4::verify(presented, message, trainyard::Secret("secret"), presented.time);
  } catch (const sigv4::Refused&) {
  }
  return 0;
}
