#include "wire/token.hpp"

#include "wire/json_reader.hpp"
#include "wire/json_writer.hpp"

namespace trainyard::wire {

constexpr std::size_t kTokenLimit = 64 << 10;

std::string encode_token(const Secret& token) {
  JsonWriter out;
  out.begin_object().field("token", token.reveal()).end_object();
  return out.take();
}

Secret decode_token(std::string_view json) {
  const JsonObject in = JsonObject::parse(json, "token", kTokenLimit);
  Secret token(in.text("token"));
  if (token.empty()) in.fail("token", "must not be empty");
  return token;
}

}  // namespace trainyard::wire
