#include "api/log_source.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "api/log_pieces.hpp"
#include "wire/json_writer.hpp"

namespace trainyard::api {
namespace {

constexpr std::size_t kEventText = 16 * 1024;

class LogSource : public http::PushSource {
 public:
  LogSource(logstore::LogStore& logs, const model::RunId& run, logstore::Stream stream,
            std::uint64_t offset)
      : logs_(logs), run_(run), stream_(stream), offset_(offset) {}

  Chunk poll(std::size_t max) override {
    Chunk chunk;
    chunk.bytes = read(max);
    offset_ += chunk.bytes.size();
    chunk.end = ended_ && chunk.bytes.empty();
    return chunk;
  }

  void on_ready(std::function<void()> wake) override {
    subscription_ = logs_.subscribe(run_, std::move(wake));
  }

 protected:
  // What is there at the offset. When that is nothing, `ended_` says whether it stays so: what came
  // between the first reading and the seal is read by the second.
  std::string read(std::size_t max) {
    std::string bytes = logs_.read(run_, stream_, offset_, max);
    if (!bytes.empty() || ended_ || !logs_.sealed(run_)) return bytes;
    ended_ = true;
    return logs_.read(run_, stream_, offset_, max);
  }

  logstore::LogStore& logs_;
  const model::RunId run_;
  const logstore::Stream stream_;
  std::uint64_t offset_;
  bool ended_ = false;

 private:
  logstore::LogStore::Subscription subscription_;
};

class EventSource final : public LogSource {
 public:
  using LogSource::LogSource;

  Chunk poll(std::size_t) override {
    const std::string bytes = read(kEventText);
    if (bytes.empty()) return ended_ ? Chunk{end(), true} : Chunk{};
    if (!ended_) ended_ = logs_.sealed(run_);
    const auto length = piece_length(bytes, kEventText, ended_ && bytes.size() < kEventText);
    if (length == 0) return {};
    return {event(std::string_view(bytes).substr(0, length)), false};
  }

 private:
  // The log may have ended before it was as long as whoever follows it thought.
  std::string end() const {
    return fmt::format("event: end\nid: {}\ndata: {{}}\n\n",
                       std::min(offset_, logs_.size(run_, stream_)));
  }
  std::string event(std::string_view text) {
    wire::JsonWriter out;
    out.begin_object().field("offset", offset_).field("text", text).end_object();
    offset_ += text.size();
    return fmt::format("id: {}\ndata: {}\n\n", offset_, out.take());
  }
};

}  // namespace

std::shared_ptr<http::PushSource> follow_log(logstore::LogStore& logs, const model::RunId& run,
                                             logstore::Stream stream, std::uint64_t offset) {
  return std::make_shared<LogSource>(logs, run, stream, offset);
}

std::shared_ptr<http::PushSource> follow_log_events(logstore::LogStore& logs,
                                                    const model::RunId& run,
                                                    logstore::Stream stream, std::uint64_t offset) {
  return std::make_shared<EventSource>(logs, run, stream, offset);
}

}  // namespace trainyard::api
