#include "http/request_parser.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace trainyard::http {

namespace {

RequestHead parsed(const std::string& head) {
  RequestHead result;
  parse_request_head(head, result);
  return result;
}

// The status a head is refused with; 0 when it is accepted.
int refusal(const std::string& head) {
  try {
    parsed(head);
    return 0;
  } catch (const ProtocolError& error) {
    return error.status();
  }
}

TEST(FindHeadEnd, FindsTheEmptyLine) {
  const std::string_view data = "GET / HTTP/1.1\r\nHost: a\r\n\r\nbody";
  EXPECT_EQ(find_head_end(data, 0), 27);
  EXPECT_EQ(find_head_end(data, 25), 27);
  EXPECT_EQ(find_head_end(data.substr(0, 26), 0), std::nullopt);
  EXPECT_THROW(find_head_end("GET / HTTP/1.1\n\n", 0), ProtocolError);
}

TEST(RequestHead, HoldsThePathAsSent) {
  const auto head = parsed("GET /b//a/../b%2f?x=%20 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(head.request.method, "GET");
  EXPECT_EQ(head.request.target, "/b//a/../b%2f?x=%20");
  EXPECT_EQ(head.request.raw_path, "/b//a/../b%2f");
  EXPECT_EQ(head.request.path, "/b//a/../b/");
  EXPECT_EQ(head.request.raw_query, "x=%20");
  EXPECT_EQ(head.request.query.get("x"), " ");
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.chunked);
}

TEST(RequestHead, TakesTheAbsoluteForm) {
  EXPECT_EQ(parsed("GET http://h:1/a/b?c HTTP/1.1\r\nHost: h\r\n\r\n").request.raw_path, "/a/b");
  EXPECT_EQ(parsed("GET HTTP://h HTTP/1.1\r\nHost: h\r\n\r\n").request.raw_path, "/");
  const auto query_only = parsed("GET http://h?c HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(query_only.request.raw_path, "/");
  EXPECT_EQ(query_only.request.raw_query, "c");
}

TEST(RequestHead, KnowsWhenTheConnectionStays) {
  const auto keeps = [](const std::string& version, const std::string& header) {
    return parsed("GET / HTTP/" + version + "\r\nHost: h\r\n" + header + "\r\n").keep_alive;
  };
  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_FALSE(keeps("1.1", "Connection: close\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: x, Close\r\n"));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_TRUE(keeps("1.0", "Connection: keep-alive\r\n"));
}

TEST(RequestHead, ReadsTheFraming) {
  EXPECT_EQ(parsed("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\n\r\n").content_length, 12u);
  EXPECT_TRUE(parsed("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n").chunked);
  EXPECT_TRUE(parsed("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\n\r\n").expect_continue);
}

struct Refusal {
  const char* name;
  std::string head;
  int status;
};

class RefusedHead : public ::testing::TestWithParam<Refusal> {};

TEST_P(RefusedHead, IsRefusedWithItsStatus) {
  EXPECT_EQ(refusal(GetParam().head), GetParam().status);
}

std::string with(const std::string& headers) {
  return "PUT / HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n";
}
std::string to(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n";
}

INSTANTIATE_TEST_SUITE_P(
    Table, RefusedHead,
    ::testing::Values(
        Refusal{"NoHost", "GET / HTTP/1.1\r\n\r\n", 400},
        Refusal{"TwoHosts", with("Host: other\r\n"), 400},
        Refusal{"LengthAndEncoding", with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
                400},
        Refusal{"EncodingAndLength", with("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"),
                400},
        Refusal{"TwoLengths", with("Content-Length: 3\r\nContent-Length: 4\r\n"), 400},
        Refusal{"TwoEqualLengths", with("Content-Length: 3\r\nContent-Length: 3\r\n"), 400},
        Refusal{"LengthList", with("Content-Length: 3, 3\r\n"), 400},
        Refusal{"NegativeLength", with("Content-Length: -1\r\n"), 400},
        Refusal{"SignedLength", with("Content-Length: +1\r\n"), 400},
        Refusal{"HexLength", with("Content-Length: 0x10\r\n"), 400},
        Refusal{"EmptyLength", with("Content-Length:\r\n"), 400},
        Refusal{"HugeLength", with("Content-Length: 99999999999999999999\r\n"), 400},
        Refusal{"TwoEncodings",
                with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
        Refusal{"OtherEncoding", with("Transfer-Encoding: gzip\r\n"), 501},
        Refusal{"EncodingList", with("Transfer-Encoding: gzip, chunked\r\n"), 501},
        Refusal{"EncodingInHttp10", "PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        Refusal{"FoldedLine", with("A: 1\r\n 2\r\n"), 400},
        Refusal{"FoldedFirstLine", "GET / HTTP/1.1\r\n X: y\r\nHost: h\r\n\r\n", 400},
        Refusal{"BlankBeforeColon", with("A : 1\r\n"), 400}, Refusal{"NoColon", with("A\r\n"), 400},
        Refusal{"EmptyName", with(": 1\r\n"), 400},
        Refusal{"NulByte", with(std::string("A: x\0y\r\n", 8)), 400},
        Refusal{"ControlByte", with("A: x\x01y\r\n"), 400},
        Refusal{"BareCarriageReturn", with("A: x\ry\r\n"), 400},
        Refusal{"OtherExpectation", with("Expect: tea\r\n"), 417},
        Refusal{"NewerVersion", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
        Refusal{"NoVersion", "GET /\r\n\r\n", 400}, Refusal{"NotHttp", "\x16\x03\x01\r\n\r\n", 400},
        Refusal{"BrokenEscape", to("/a%zz"), 400}, Refusal{"CutEscape", to("/a%4"), 400},
        Refusal{"Fragment", to("/a#b"), 400}, Refusal{"NoSlash", to("a"), 400},
        Refusal{"Asterisk", to("*"), 400},
        Refusal{"Authority", "CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        Refusal{"BlankInTarget", to("/a b"), 505}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(RequestHead, RefusesTooManyHeaders) {
  std::string headers;
  for (std::size_t i = 0; i < kMaxHeaders; ++i) headers += "A: 1\r\n";
  EXPECT_EQ(refusal(with(headers)), 431);  // Host is one more
  EXPECT_EQ(refusal(with(headers.substr(6))), 0);
}

// Feeds `in` in pieces of `step` bytes with room for `room` at a time; nullopt when it does not
// end.
std::optional<std::string> decoded(std::string_view in, std::size_t step, std::size_t room,
                                   std::string* rest = nullptr) {
  ChunkedDecoder decoder;
  std::string pending;
  std::string out;
  while (!decoder.done()) {
    std::string into(room, '\0');
    const auto result = decoder.decode(pending, into);
    pending.erase(0, result.consumed);
    out += into.substr(0, result.produced);
    if (result.consumed > 0 || result.produced > 0 || decoder.done()) continue;
    if (in.empty()) return std::nullopt;
    pending += in.substr(0, step);
    in.remove_prefix(std::min(step, in.size()));
  }
  if (rest != nullptr) *rest = pending + std::string(in);
  return out;
}

TEST(ChunkedDecoder, JoinsChunksHoweverTheyArrive) {
  const std::string wire = "5\r\nhello\r\n6;x=\"y\"\r\n world\r\n0\r\nT: trailer\r\n\r\nGET";
  for (const std::size_t step : {1u, 2u, 3u, 7u, 100u}) {
    for (const std::size_t room : {1u, 4u, 100u}) {
      std::string rest;
      EXPECT_EQ(decoded(wire, step, room, &rest), "hello world") << step << " " << room;
      EXPECT_EQ(rest, "GET");
    }
  }
}

TEST(ChunkedDecoder, EndsOnlyWithTheLastChunk) {
  EXPECT_EQ(decoded("0\r\n\r\n", 100, 10), "");
  EXPECT_EQ(decoded("5\r\nhello\r\n", 100, 10), std::nullopt);
  EXPECT_EQ(decoded("5\r\nhel", 100, 10), std::nullopt);
}

// Less than the parser insists on once it saw the last chunk.
TEST(ChunkedDecoder, WaitsForWhatFollowsTheLastChunkByteByByte) {
  for (const char* wire : {"0\r\n\r\n", "0\r\nT: 1\r\n\r\n", "1\r\nx\r\n0\r\nT: 1\r\n\r\n"}) {
    EXPECT_TRUE(decoded(wire, 1, 10)) << wire;
  }
  EXPECT_EQ(decoded("0\r\nT", 1, 10), std::nullopt);
}

TEST(ChunkedDecoder, RefusesBrokenFraming) {
  for (const char* wire : {"x\r\n", "-1\r\n", "5\r\nhelloXY\r\n0\r\n\r\n", "\r\n",
                           "11111111111111111\r\n", "5 \r\nhello\r\n0\r\n\r\n"}) {
    EXPECT_THROW(decoded(wire, 100, 10), ProtocolError) << wire;
  }
}

TEST(ChunkedDecoder, RefusesControlBytesAroundTheChunks) {
  using namespace std::string_literals;
  for (const std::string& wire :
       {"2;a=\"\n\"\r\nhi\r\n0\r\n\r\n"s, "2;a=\"\0\"\r\nhi\r\n0\r\n\r\n"s,
        "2;a=\"\x7f\"\r\nhi\r\n0\r\n\r\n"s, "2\r\nhi\r\n0;a=\"\n\"\r\n\r\n"s,
        "0\r\nT: a\n\r\n\r\n"s, "0\r\nT: \1\r\n\r\n"s, "0\r\nT: a\r\n b\r\n\r\n"s}) {
    for (const std::size_t step : {1, 3, 100}) {
      EXPECT_THROW(decoded(wire, step, 10), ProtocolError) << wire << step;
    }
  }
  EXPECT_EQ(decoded("2;a=\"\t\"\r\n\n\x01\r\n0\r\nT: a\tb\r\n\r\n", 100, 10), "\n\x01");
}

TEST(ChunkedDecoder, RefusesAnEndlessChunkHead) {
  EXPECT_THROW(decoded("5;" + std::string(40'000, 'x'), 1000, 10), ProtocolError);
}

}  // namespace

}  // namespace trainyard::http
