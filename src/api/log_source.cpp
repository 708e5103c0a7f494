#include "api/log_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "api/log_pieces.hpp"
#include "wire/json_writer.hpp"

namespace trainyard::api {
namespace {

constexpr std::size_t kEventText = 16 * 1024;
constexpr std::size_t kCopied = 64 * 1024;  // three calls cost more than to copy less than that

// Reads on from a place; has no copy of what it read.
class LogReader {
 public:
  LogReader(logstore::LogStore& logs, LogPlace place) : logs_(logs), place_(std::move(place)) {}

  // What follows at the place, of at most that many bytes of the log.
  LogText next(std::size_t most) {
    if (place_.form == LogForm::Events) return next_event(std::min(most, kEventText));
    std::string bytes = read(most);
    const auto end = place_.offset + bytes.size();
    return {std::move(bytes), end};
  }
  // The bytes that follow, where they stand, and goes on behind them. Nothing when it is not these
  // that are told.
  std::optional<http::FileSlice> slice(std::size_t most) {
    if (place_.form != LogForm::Bytes) return std::nullopt;
    auto [file, length] = logs_.locate(place_.run, place_.stream, place_.offset, most);
    if (!file) return std::nullopt;
    return http::FileSlice{std::move(file), std::exchange(place_.offset, place_.offset + length),
                           length};
  }
  void go_on_from(std::uint64_t offset) { place_.offset = offset; }
  const LogPlace& place() const { return place_; }
  // Nothing follows what was read; known when next() found nothing.
  bool ended() const { return ended_; }
  // What comes after all of it. The log may have ended before it was as long as whoever follows it
  // thought.
  std::string ending() const {
    if (place_.form == LogForm::Bytes) return "";
    return fmt::format("event: end\nid: {}\ndata: {{}}\n\n",
                       std::min(place_.offset, logs_.size(place_.run, place_.stream)));
  }
  logstore::LogStore::Subscription subscribe(std::function<void()> wake) {
    return logs_.subscribe(place_.run, std::move(wake));
  }

 private:
  std::string bytes_here(std::size_t most) {
    return logs_.read(place_.run, place_.stream, place_.offset, most);
  }
  // When there is nothing, `ended_` says whether it stays so: what came between the first reading
  // and the seal is read by the second.
  std::string read(std::size_t most) {
    std::string bytes = bytes_here(most);
    if (!bytes.empty() || ended_ || !logs_.sealed(place_.run)) return bytes;
    ended_ = true;
    return bytes_here(most);
  }
  LogText next_event(std::size_t most) {
    const std::string bytes = read(most);
    if (bytes.empty()) return {};
    if (!ended_) ended_ = logs_.sealed(place_.run);
    const auto length = piece_length(bytes, most, ended_ && bytes.size() < most);
    if (length == 0) return {};
    const auto end = place_.offset + length;
    wire::JsonWriter out;
    out.begin_object()
        .field("offset", place_.offset)
        .field("text", std::string_view(bytes).substr(0, length))
        .end_object();
    return {fmt::format("id: {}\ndata: {}\n\n", end, out.take()), end};
  }

  logstore::LogStore& logs_;
  LogPlace place_;
  bool ended_ = false;
};

class LogSource final : public http::PushSource {
 public:
  explicit LogSource(LogReader reader) : reader_(std::move(reader)) {}

  Chunk poll(std::size_t max) override {
    LogText next = reader_.next(kCopied);
    if (next.text.empty()) {
      if (!reader_.ended()) return {};
      return {reader_.ending(), true};
    }
    if (next.text.size() >= kCopied) {
      if (auto slice = reader_.slice(max)) return {"", false, {std::move(*slice)}};
    }
    reader_.go_on_from(next.end);
    return {std::move(next.text)};
  }
  void on_ready(std::function<void()> wake) override {
    subscription_ = reader_.subscribe(std::move(wake));
  }

 private:
  LogReader reader_;
  logstore::LogStore::Subscription subscription_;
};

class GzipLogSource final : public http::PushSource {
 public:
  GzipLogSource(LogReader reader, SharedPieces& pieces)
      : reader_(std::move(reader)), pieces_(pieces) {}

  Chunk poll(std::size_t max) override {
    Chunk chunk;
    if (!std::exchange(begun_, true)) chunk.bytes = http::gzip_header();
    const auto read = [&](std::size_t most) { return reader_.next(most); };
    chunk.framed = true;
    std::size_t size = 0;
    while (size < max) {
      const auto piece = pieces_.at(reader_.place(), read);
      if (!piece) break;
      const bool small = piece->slice.length == 0;
      if (small && !chunk.slices.empty()) break;  // bytes go out before slices
      reader_.go_on_from(piece->end);
      stream_.add(piece->deflated);
      if (small) {
        chunk.bytes += piece->deflated.bytes;
      } else {
        add(piece->slice, chunk.slices);
      }
      size += piece->deflated.bytes.size() + piece->slice.length;
    }
    chunk.end = size == 0 && reader_.ended();
    if (chunk.end) chunk.bytes += ending();
    return chunk;
  }
  void on_ready(std::function<void()> wake) override {
    subscription_ = reader_.subscribe(std::move(wake));
  }

 private:
  static void add(const http::FileSlice& slice, std::vector<http::FileSlice>& to) {
    if (!to.empty() && to.back().file == slice.file &&
        to.back().offset + to.back().length == slice.offset) {
      to.back().length += slice.length;
    } else {
      to.push_back(slice);
    }
  }
  std::string ending() {
    const auto last = http::stored_piece(reader_.ending());
    stream_.add(last);
    return last.bytes + stream_.trailer();
  }

  LogReader reader_;
  SharedPieces& pieces_;
  http::GzipStream stream_;
  bool begun_ = false;
  logstore::LogStore::Subscription subscription_;
};

}  // namespace

std::shared_ptr<http::PushSource> follow_log(logstore::LogStore& logs, LogPlace place) {
  return std::make_shared<LogSource>(LogReader(logs, std::move(place)));
}

std::shared_ptr<http::PushSource> follow_log_as_gzip(logstore::LogStore& logs, LogPlace place,
                                                     SharedPieces& pieces) {
  return std::make_shared<GzipLogSource>(LogReader(logs, std::move(place)), pieces);
}

}  // namespace trainyard::api
