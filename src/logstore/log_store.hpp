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
#include "model/ids.hpp"

namespace trainyard::logstore {

// wml-v3 (e.4)
enum class Stream { Training, LoadData, LoadModel };
std::string_view file_name(Stream stream);  // "training-log.txt", "load-data.log", "load-model.log"
std::optional<Stream> parse_stream(std::string_view file_name);

class LogStore {
 public:
  virtual ~LogStore() = default;
  // Adds bytes that stand at `offset` of the stream; what is already there is skipped (and not
  // compared). Returns the new size. Conflict when offset > size (a gap): send from size().
  virtual std::uint64_t append(const model::RunId& run, Stream stream, std::uint64_t offset,
                               std::string_view bytes) = 0;
  virtual std::uint64_t size(const model::RunId& run, Stream stream) = 0;  // 0 when there is none
  // At most `max` bytes from offset; empty at the end.
  virtual std::string read(const model::RunId& run, Stream stream, std::uint64_t offset,
                           std::size_t max) = 0;
  // The offset at which the last `lines` lines begin.
  virtual std::uint64_t offset_of_last_lines(const model::RunId& run, Stream stream,
                                             std::size_t lines) = 0;
  // No more bytes will come: followers end. Survives a restart. Idempotent.
  virtual void seal(const model::RunId& run) = 0;
  virtual bool sealed(const model::RunId& run) = 0;
  // `wake` is called after each append and seal of this run, from the appending thread, until the
  // returned subscription is destroyed.
  using Subscription = std::shared_ptr<void>;
  virtual Subscription subscribe(const model::RunId& run, std::function<void()> wake) = 0;
  virtual void remove(const model::RunId& run) = 0;  // idempotent
};

std::unique_ptr<LogStore> open_log_store(const std::filesystem::path& directory);

}  // namespace trainyard::logstore
