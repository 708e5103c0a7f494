#include "api/log_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "api/log_pieces.hpp"
#include "wire/json_writer.hpp"

namespace trainyard::api {
namespace {

constexpr std::size_t kEventText = 16 * 1024;
// To copy less than that costs less than the three calls that send a chunk with a slice.
constexpr std::size_t kCopied = 64 * 1024;
constexpr std::uint64_t kFar = 1u << 20;         // from the end of the log
constexpr std::uint64_t kMostText = 512u << 10;  // compressed for one chunk: some milliseconds

// A place in a log that is read on. What was looked at is passed by go_to().
class LogReader {
 public:
  LogReader(logstore::LogStore& logs, LogPlace place) : logs_(logs), place_(std::move(place)) {}

  // What follows, of at most that many bytes of the log.
  LogText look(std::size_t most) {
    if (place_.form == LogForm::Events) return look_at_event(std::min(most, kEventText));
    std::string bytes = read(most);
    const auto end = place_.offset + bytes.size();
    return {std::move(bytes), end};
  }
  // The bytes that follow, where they stand.
  http::FileSlice look_at_slice(std::size_t most) const {
    auto [file, length] = logs_.locate(place_.run, place_.stream, place_.offset, most);
    return {std::move(file), place_.offset, length};
  }
  bool is_far(std::uint64_t offset) const {
    return logs_.size(place_.run, place_.stream) > offset + kFar;
  }
  void go_to(std::uint64_t offset) { place_.offset = offset; }
  const LogPlace& place() const { return place_; }
  // Nothing follows what was passed; known when look() found nothing.
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
  LogText look_at_event(std::size_t most) {
    std::string bytes = read(most);
    if (bytes.empty()) return {};
    if (!ended_ && logs_.sealed(place_.run)) {
      ended_ = true;
      bytes = bytes_here(most);
    }
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

class ReaderSource : public http::PushSource {
 public:
  explicit ReaderSource(LogReader reader) : reader_(std::move(reader)) {}

  void on_ready(std::function<void()> wake) override {
    subscription_ = reader_.subscribe(std::move(wake));
  }

 protected:
  LogReader reader_;

 private:
  logstore::LogStore::Subscription subscription_;
};

class LogSource final : public ReaderSource {
 public:
  using ReaderSource::ReaderSource;

  Chunk poll(std::size_t max) override {
    LogText next = reader_.look(std::min(max, kCopied));
    if (next.text.empty()) {
      if (!reader_.ended()) return {};
      return {reader_.ending(), true};
    }
    if (next.text.size() == kCopied && reader_.place().form == LogForm::Bytes) {
      auto slice = reader_.look_at_slice(max);
      reader_.go_to(slice.offset + slice.length);
      if (slice.length > 0) return {"", false, {std::move(slice)}};
    }
    reader_.go_to(next.end);
    return {std::move(next.text)};
  }
};

class GzipLogSource final : public ReaderSource {
 public:
  GzipLogSource(LogReader reader, SharedPieces& pieces)
      : ReaderSource(std::move(reader)), pieces_(pieces) {}

  Chunk poll(std::size_t max) override {
    Chunk chunk;
    chunk.framed = true;
    if (!std::exchange(begun_, true)) chunk.bytes = http::gzip_header();
    std::uint64_t size = 0, text = 0;
    while (size < max && text < kMostText && chunk.bytes.size() < kCopied) {
      const auto piece = next();
      if (!piece) break;
      const bool shared = piece->slice.length > 0;
      if (!shared && !chunk.slices.empty()) break;  // bytes go out before slices
      reader_.go_to(piece->end);
      stream_.add(piece->deflated);
      chunk.bytes += piece->deflated.bytes;
      if (shared) add(piece->slice, chunk.slices);
      size += piece->size();
      text += piece->deflated.length;
    }
    chunk.end = text == 0 && reader_.ended();
    if (chunk.end) chunk.bytes += ending();
    return chunk;
  }

 private:
  std::shared_ptr<const SharedPieces::Piece> next() {
    return pieces_.at(reader_.place(), [&](std::size_t most) {
      LogText text = reader_.look(most);
      text.far = !text.text.empty() && reader_.is_far(text.end);
      return text;
    });
  }
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

  SharedPieces& pieces_;
  http::GzipStream stream_;
  bool begun_ = false;
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
