// Query strings arrive from anybody; parsing one must neither fail nor lose a pair.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/message.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view raw(reinterpret_cast<const char*>(data), size);
  const auto query = trainyard::http::Query::parse(raw);
  const auto separators = static_cast<std::size_t>(std::count(raw.begin(), raw.end(), '&'));
  if (query.items().size() > separators + 1) std::abort();
  for (const auto& [name, value] : query.items()) {
    if (!query.has(name) || name.size() + value.size() > size) std::abort();
  }
  return 0;
}
