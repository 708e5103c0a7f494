#include "http/request_parser.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>

#include "base/strings.hpp"

namespace trainyard::http {

namespace beast_http = boost::beast::http;
using boost::beast::error_code;

namespace {

constexpr std::size_t kMaxChunkHead = 16 * 1024;
constexpr std::string_view kShortestEnd = "0\r\n\r\n";  // of a chunked body

[[noreturn]] void bad_request(std::string message) {
  throw ProtocolError(400, ErrorKind::InvalidInput, std::move(message));
}

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

// Bytes that HTTP allows nowhere in a head, and lines that continue the one before. `what`: the
// head in words.
void refuse_ambiguous_bytes(std::string_view head, std::string_view what) {
  for (std::size_t i = 0; i < head.size(); ++i) {
    const auto byte = static_cast<unsigned char>(head[i]);
    if (byte == '\r' && head.substr(i + 1, 1) != "\n") {
      bad_request(fmt::format("{} contains a carriage return without a line feed", what));
    }
    if (byte == '\n' && (i == 0 || head[i - 1] != '\r')) {
      bad_request(fmt::format("{} contains a line feed without a carriage return", what));
    }
    if (byte == '\n' && i + 1 < head.size() && (head[i + 1] == ' ' || head[i + 1] == '\t')) {
      bad_request("folded header lines are not accepted");
    }
    if ((byte < 0x20 && byte != '\t' && byte != '\r' && byte != '\n') || byte == 0x7f) {
      bad_request(fmt::format("{} contains a control byte", what));
    }
  }
}

void read_framing(RequestHead& head) {
  const Headers& headers = head.request.headers;
  const auto lengths = headers.get_all("Content-Length");
  const auto encodings = headers.get_all("Transfer-Encoding");
  if (!lengths.empty() && !encodings.empty()) {
    bad_request("Content-Length and Transfer-Encoding exclude each other");
  }
  if (lengths.size() > 1 || encodings.size() > 1) {
    bad_request("the length of the body is given more than once");
  }
  if (!lengths.empty()) {
    const bool digits = lengths[0].find_first_not_of("0123456789") == std::string::npos;
    const auto length = digits ? parse_u64(lengths[0]) : std::nullopt;
    if (!length) bad_request("Content-Length is not a number");
    head.content_length = *length;
  }
  if (!encodings.empty()) {
    if (head.request.http10) bad_request("HTTP/1.0 knows no Transfer-Encoding");
    if (!iequals(trim(encodings[0]), "chunked")) {
      throw ProtocolError(501, ErrorKind::Unsupported,
                          fmt::format("the transfer encoding '{}' is not offered; send chunked",
                                      printable(encodings[0], 40)));
    }
    head.chunked = true;
  }
}

void read_connection(RequestHead& head) {
  const Headers& headers = head.request.headers;
  const bool close = lists_token(headers, "Connection", "close");
  head.keep_alive =
      !close && (!head.request.http10 || lists_token(headers, "Connection", "keep-alive"));
  const std::size_t hosts = headers.get_all("Host").size();
  if (hosts > 1 || (hosts == 0 && !head.request.http10)) {
    bad_request("exactly one Host header is needed");
  }
  const auto expect = headers.get("Expect");
  if (!expect || head.request.http10) return;
  if (!iequals(*expect, "100-continue")) {
    throw ProtocolError(417, ErrorKind::Unsupported,
                        fmt::format("the expectation '{}' cannot be met", printable(*expect, 40)));
  }
  head.expect_continue = true;
}

// "http://host/a?b" -> "/a?b"; anything else stays as it is.
std::string origin_form(const std::string& target) {
  const std::string scheme = to_lower(std::string_view(target).substr(0, 8));
  if (!scheme.starts_with("http://") && !scheme.starts_with("https://")) return target;
  const std::size_t end = target.find_first_of("/?", target.find("://") + 3);
  if (end == std::string::npos) return "/";
  return target[end] == '/' ? target.substr(end) : "/" + target.substr(end);
}

void read_target(Request& request) {
  const std::string target = origin_form(request.target);
  if (target.find('#') != std::string::npos) bad_request("a request target has no '#'");
  const bool whole_server = target == "*" && request.method == "OPTIONS";
  if (!whole_server && !target.starts_with('/')) {
    bad_request("the request target must start with '/'");
  }
  const std::size_t question = target.find('?');
  request.raw_path = target.substr(0, question);
  if (question != std::string::npos) request.raw_query = target.substr(question + 1);
  request.query = Query::parse(request.raw_query);
  auto path = percent_decode(request.raw_path);
  if (!path) bad_request("the path contains a broken percent escape");
  request.path = std::move(*path);
}

}  // namespace

std::optional<std::size_t> find_head_end(std::string_view data, std::size_t from) {
  for (std::size_t at = data.find('\n', from); at != std::string_view::npos;
       at = data.find('\n', at + 1)) {
    if (at == 0 || data[at - 1] != '\r') bad_request("a header line ends without CR LF");
    if (at >= 3 && data.substr(at - 3, 3) == "\r\n\r") return at + 1;
  }
  return std::nullopt;
}

void parse_request_head(std::string_view head, RequestHead& into) {
  refuse_ambiguous_bytes(head, "the request head");
  beast_http::request_parser<beast_http::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(head.size() + 1));
  parser.body_limit(boost::none);
  error_code error;
  parser.put(boost::asio::buffer(head), error);
  Request& request = into.request;
  const auto& message = parser.get();
  request.method = view(message.method_string());
  request.target = view(message.target());
  for (const auto& field : message) {
    request.headers.add(std::string(view(field.name_string())), std::string(view(field.value())));
  }
  into.request.http10 = message.version() == 10;
  if (error == beast_http::error::bad_version) {
    throw ProtocolError(505, ErrorKind::Unsupported, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  }
  if (error) bad_request(fmt::format("the request head is malformed: {}", error.message()));
  if (!parser.is_header_done()) bad_request("the request head is malformed");
  if (request.headers.items().size() > kMaxHeaders) {
    throw ProtocolError(431, ErrorKind::TooLarge,
                        fmt::format("more than {} header lines", kMaxHeaders));
  }
  read_target(request);
  read_framing(into);
  read_connection(into);
}

struct ChunkedDecoder::Impl {
  beast_http::request_parser<beast_http::buffer_body> parser;
  bool waits = false;  // for the rest of a chunk's head, or of what follows the last one
};

ChunkedDecoder::ChunkedDecoder() : impl_(std::make_unique<Impl>()) {
  // Beast's parser decodes chunks only after a head; this one stands for the request's own.
  constexpr std::string_view kHead = "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  error_code error;
  impl_->parser.body_limit(boost::none);
  impl_->parser.put(boost::asio::buffer(kHead), error);
}

ChunkedDecoder::~ChunkedDecoder() = default;

bool ChunkedDecoder::done() const { return impl_->parser.is_done(); }

ChunkedDecoder::Step ChunkedDecoder::decode(std::string_view in, std::span<char> out) {
  auto& body = impl_->parser.get().body();
  body.data = out.data();
  body.size = out.size();
  Step step;
  while (!done() && body.size > 0 && step.consumed < in.size()) {
    error_code error;
    const std::size_t before = body.size;
    const std::string_view rest = in.substr(step.consumed);
    // The parser expects no fewer once it saw the last chunk, and no other has fewer to come.
    if (impl_->waits && rest.size() < kShortestEnd.size()) break;
    const std::size_t used = impl_->parser.put(boost::asio::buffer(rest), error);
    step.consumed += used;
    impl_->waits = used == 0 && error == beast_http::error::need_more;
    if (error == beast_http::error::need_more) {
      if (used == 0 && rest.size() > kMaxChunkHead) bad_request("a chunk's head is too long");
      if (used == 0) break;
    } else if (error && error != beast_http::error::need_buffer) {
      bad_request(fmt::format("the chunked body is malformed: {}", error.message()));
    } else if (used == 0 && body.size == before) {
      break;
    }
    // What gave no bytes is the head of a chunk, or the end of the body with its trailers.
    if (body.size == before) refuse_ambiguous_bytes(rest.substr(0, used), "the head of a chunk");
  }
  step.produced = out.size() - body.size;
  return step;
}

std::size_t ChunkedDecoder::skip(std::string_view in) {
  char scratch[4096];
  std::size_t skipped = 0;
  while (!done()) {
    const Step step = decode(in.substr(skipped), scratch);
    if (step.consumed == 0 && step.produced == 0) break;
    skipped += step.consumed;
  }
  return skipped;
}

}  // namespace trainyard::http
