#include "logstore/tail.hpp"

namespace trainyard::logstore {

void Tail::appended(const model::RunId& run, Stream stream, std::uint64_t offset,
                    std::string_view bytes) {
  run_ = run;
  stream_ = stream;
  const std::size_t dropped = bytes.size() > kMostBytes ? bytes.size() - kMostBytes : 0;
  begin_ = offset + dropped;
  bytes_.assign(bytes.substr(dropped));
}

void Tail::forget(const model::RunId& run) {
  if (run_ == run) *this = Tail();
}

std::optional<std::string> Tail::read(const model::RunId& run, Stream stream, std::uint64_t offset,
                                      std::size_t max) const {
  if (run_ != run || stream_ != stream || offset < begin_) return std::nullopt;
  const std::uint64_t skipped = offset - begin_;
  return skipped < bytes_.size() ? bytes_.substr(skipped, max) : std::string();
}

}  // namespace trainyard::logstore
