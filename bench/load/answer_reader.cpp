#include "answer_reader.hpp"

#include "base/error.hpp"
#include "base/strings.hpp"

using namespace trainyard;

std::optional<AnswerReader::Answer> AnswerReader::take(std::string_view bytes) {
  if (!in_body_) {
    const std::size_t before = head_.size();
    head_ += bytes;
    const auto end = head_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
    if (end == std::string::npos) return std::nullopt;
    bytes.remove_prefix(end + 4 - before);
    read_head(std::string_view(head_).substr(0, end + 2));
    head_.clear();
    in_body_ = true;
  }
  if (bytes.size() > missing_) throw Error(ErrorKind::Corrupt, "an answer is longer than it says");
  missing_ -= bytes.size();
  if (missing_ > 0) return std::nullopt;
  in_body_ = false;
  return answer_;
}

void AnswerReader::read_head(std::string_view head) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  const auto status =
      head.starts_with(kVersion) ? parse_u64(head.substr(kVersion.size(), 3)) : std::nullopt;
  if (!status)
    throw Error(ErrorKind::Corrupt, "an answer does not begin with HTTP/1.1 and a status");
  answer_ = {.status = static_cast<int>(*status), .body_bytes = 0};
  for (auto rest = head; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(line.size() + 2);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !iequals(line.substr(0, colon), "content-length"))
      continue;
    answer_.body_bytes = parse_u64(trim(line.substr(colon + 1))).value_or(0);
  }
  missing_ = answer_.body_bytes;
}
