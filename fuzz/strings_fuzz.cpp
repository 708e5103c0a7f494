// The small parsers and formatters of base: no input may crash them, and what they accept must come
// back the same.
#include "base/clock.hpp"
#include "base/hash.hpp"
#include "base/strings.hpp"
#include "fuzzing.hpp"

using namespace trainyard;
using namespace trainyard::fuzzing;

namespace {

void percent(std::string_view text) {
  require(percent_decode(percent_encode(text)) == text);
  require(percent_decode(percent_encode(text, Slash::Keep), Plus::Space) == text);
  if (const auto decoded = percent_decode(text)) require(decoded->size() <= text.size());
}

void sizes_and_times(std::string_view text) {
  const auto bytes = parse_bytes(text);
  // Above this it is shown in EiB, which is no unit to write.
  if (bytes && *bytes < 1ull << 59) require(parse_bytes(format_bytes(*bytes)).has_value());
  if (const auto time = parse_time(text)) require(parse_time(format_millis(*time)) == time);
  (void)parse_i64(text);
}

void shown_text(std::string_view text) {
  for (std::size_t limit : {0, 2, 3, 20, 200}) {
    const std::string shown = printable(text, limit);
    require(shown.size() <= limit && valid_utf8(shown));
  }
  require(join(split(text, ','), ",") == text);
}

template <typename Decode, typename Encode>
void decoder(std::string_view text, Decode decode, Encode encode) {
  try {
    const std::string raw = decode(text);
    require(decode(encode(raw)) == raw);
  } catch (const Error& e) {
    require(e.kind() == ErrorKind::InvalidInput);
  }
  require(decode(encode(text)) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  percent(text);
  sizes_and_times(text);
  shown_text(text);
  decoder(text, from_hex, to_hex);
  decoder(text, base64_decode, base64_encode);
  decoder(text, base64url_decode, base64url_encode);
  return 0;
}
