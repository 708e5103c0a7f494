#pragma once
// The server's copy of run logs: one append-only file per (run, stream), addressed by byte offset.
// Learners append by offset, so that what is sent twice is kept once and a gap is noticed.
// Thread-safe. Followers are woken, not polled.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "model/ids.hpp"

namespace trainyard::logstore {

// wml-v3 (e.4)
enum class Stream { Training, LoadData, LoadModel, Metrics };
std::string_view file_name(Stream stream);  // "training-log.txt", "load-data.log",
                                            // "load-model.log", "evaluation-metrics.txt"
std::optional<Stream> parse_stream(std::string_view file_name);

class LogStore {
 public:
  virtual ~LogStore() = default;
  // Adds bytes that stand at `offset` of the stream; what is already there is skipped (and not
  // compared). Returns the new size. Conflict when offset > size (a gap): send from size().
  // Forbidden when the run is sealed and the bytes would be new.
  // Bytes are in the system's hands when it returns, and on disk when the run is sealed: after a
  // crash of the machine a live stream may be shorter, and its learner sends again from size().
  virtual std::uint64_t append(const model::RunId& run, Stream stream, std::uint64_t offset,
                               std::string_view bytes) = 0;
  virtual std::uint64_t size(const model::RunId& run, Stream stream) = 0;  // 0 when there is none
  // At most `max` bytes from offset; empty at the end.
  virtual std::string read(const model::RunId& run, Stream stream, std::uint64_t offset,
                           std::size_t max) = 0;
  // Where these bytes stand, for those who need not see them: how many there are from `offset` of
  // the file on, at most `max`. They never change while the file is held. No file when there are
  // none.
  struct Extent {
    std::shared_ptr<const Fd> file;
    std::uint64_t length = 0;
  };
  virtual Extent locate(const model::RunId& run, Stream stream, std::uint64_t offset,
                        std::uint64_t max) = 0;
  // The offset at which the last `lines` lines begin; the size for 0. A last line without its
  // newline counts.
  virtual std::uint64_t offset_of_last_lines(const model::RunId& run, Stream stream,
                                             std::size_t lines) = 0;
  // No more bytes will come: followers end. Survives a crash of the machine, as do the bytes before
  // it; where there are none it may be lost by that, and has to be repeated. Idempotent.
  virtual void seal(const model::RunId& run) = 0;
  virtual bool sealed(const model::RunId& run) = 0;
  // `wake` is called after each append of new bytes, seal and remove of this run, from that thread,
  // until the returned subscription is destroyed: the destructor waits for a call that is going on
  // (unless it is that call which destroys it). `wake` is short, throws nothing and does not
  // subscribe.
  using Subscription = std::shared_ptr<void>;
  virtual Subscription subscribe(const model::RunId& run, std::function<void()> wake) = 0;
  virtual void remove(const model::RunId& run) = 0;  // idempotent; who follows it finds it sealed
};

// Files of mode 0600 below `directory`, <run id>/<file name>; makes it when it is missing.
std::unique_ptr<LogStore> open_log_store(const std::filesystem::path& directory);

}  // namespace trainyard::logstore
