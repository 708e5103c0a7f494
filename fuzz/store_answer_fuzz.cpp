// What an object store may answer: a first line "<status> <offset> <length>" stands for the status
// and the range that was asked for; then headers, an empty line, and the body.
#include "base/strings.hpp"
#include "fuzzing.hpp"
#include "objectstore/object_headers.hpp"
#include "objectstore/s3_error.hpp"

using namespace trainyard;
using namespace trainyard::fuzzing;

namespace {

struct Answer {
  http::ClientResponse response;
  objectstore::ByteRange asked;
};

Answer read_answer(std::string_view text) {
  Answer answer;
  const auto take_line = [&] {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
  };
  const auto first = split(take_line(), ' ');
  const auto number = [&](std::size_t i) {
    return i < first.size() ? parse_u64(first[i]).value_or(0) % (1u << 20) : 0;
  };
  answer.response.status = static_cast<int>(number(0) % 600);
  answer.asked = {number(1), number(2) + 1};
  for (auto line = take_line(); !line.empty(); line = take_line()) {
    const std::size_t colon = line.find(':');
    if (colon == line.npos) continue;
    answer.response.headers.add(std::string(line.substr(0, colon)),
                                std::string(line.substr(colon + 1)));
  }
  answer.response.body = text;
  return answer;
}

void deliver(const Answer& answer, std::optional<objectstore::ByteRange> asked) {
  attempt([&] {
    objectstore::Delivery delivery("key", asked, "etag");
    delivery.on_headers(answer.response.status, answer.response.headers);
    delivery.count(answer.response.body.size());
    require(delivery.finish().key == "key");
    if (asked) require(answer.response.body.size() == asked->length);
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Answer answer = read_answer(text_of(data, size));
  const auto refusal = objectstore::s3::read_refusal(answer.response);
  const auto error = objectstore::s3::to_error(
      refusal, {"read 'a/b'", "bucket", "http://h:1", "AKIA", "us-east-1"});
  require(valid_utf8(error.what()));
  if (const auto wait = objectstore::parse_retry_after(answer.response.headers)) {
    require(*wait <= std::chrono::hours(1));
  }
  deliver(answer, answer.asked);
  deliver(answer, std::nullopt);
  return 0;
}
