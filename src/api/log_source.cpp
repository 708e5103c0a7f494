#include "api/log_source.hpp"

namespace trainyard::api {
namespace {

class LogSource final : public http::PushSource {
 public:
  LogSource(logstore::LogStore& logs, const model::RunId& run, logstore::Stream stream,
            std::uint64_t offset)
      : logs_(logs), run_(run), stream_(stream), offset_(offset) {}

  Chunk poll(std::size_t max) override {
    // Asked first: bytes that came before the seal are then certain to be read.
    const bool sealed = logs_.sealed(run_);
    Chunk chunk;
    chunk.bytes = logs_.read(run_, stream_, offset_, max);
    offset_ += chunk.bytes.size();
    chunk.end = sealed && chunk.bytes.empty();
    return chunk;
  }

  void on_ready(std::function<void()> wake) override {
    subscription_ = logs_.subscribe(run_, std::move(wake));
  }

 private:
  logstore::LogStore& logs_;
  const model::RunId run_;
  const logstore::Stream stream_;
  std::uint64_t offset_;
  logstore::LogStore::Subscription subscription_;
};

}  // namespace

std::shared_ptr<http::PushSource> follow_log(logstore::LogStore& logs, const model::RunId& run,
                                             logstore::Stream stream, std::uint64_t offset) {
  return std::make_shared<LogSource>(logs, run, stream, offset);
}

}  // namespace trainyard::api
