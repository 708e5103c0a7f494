#include "http/compression.hpp"

#include <zlib.h>

#include <algorithm>

#include "base/strings.hpp"

namespace trainyard::http {
namespace {

constexpr std::size_t kLeast = 1024;
// A page of runs to a twentieth; level 4 takes two to three times as long for the same size.
constexpr int kLevel = 1;
constexpr int kGzipWindow = 15 + 16;
constexpr int kMemoryLevel = 8;

bool is_text(const Response& response) {
  const auto type = response.headers.get("Content-Type").value_or("");
  return type.starts_with("application/json") || type.starts_with("text/");
}

// "gzip;q=0.5" → whether it is wanted at all.
bool wanted(std::string_view parameters) {
  for (const auto& parameter : split(parameters, ';')) {
    const auto text = trim(parameter);
    if (text.size() < 2 || (text[0] != 'q' && text[0] != 'Q') || text[1] != '=') continue;
    return text.substr(2).find_first_of("123456789") != std::string_view::npos;
  }
  return true;
}

}  // namespace

bool accepts_gzip(const Request& request) {
  bool any = false;
  for (const auto& line : request.headers.get_all("Accept-Encoding")) {
    for (const auto& item : split(line, ',')) {
      const auto semicolon = item.find(';');
      const auto coding = trim(std::string_view(item).substr(0, semicolon));
      const bool takes = semicolon == std::string::npos || wanted(item.substr(semicolon));
      if (iequals(coding, "gzip") || iequals(coding, "x-gzip")) return takes;
      if (coding == "*") any = takes;
    }
  }
  return any;
}

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, kLevel, Z_DEFLATED, kGzipWindow, kMemoryLevel, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw Error(ErrorKind::Exhausted, "there is no memory to compress an answer");
  }
  std::string result(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  const int code = deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  if (code != Z_STREAM_END) throw Error(ErrorKind::Internal, "an answer could not be compressed");
  return result;
}

void compress(const Request& request, Response& response) {
  auto* text = std::get_if<std::string>(&response.body);
  if (text == nullptr || text->size() < kLeast || text->size() > (1u << 30) || !is_text(response) ||
      response.status == 206 || response.headers.get("Content-Encoding")) {
    return;
  }
  response.headers.add("Vary", "Accept-Encoding");
  if (!accepts_gzip(request)) return;
  std::string shorter = gzip(*text);
  if (shorter.size() >= text->size()) return;
  *text = std::move(shorter);
  response.headers.add("Content-Encoding", "gzip");
}

}  // namespace trainyard::http
