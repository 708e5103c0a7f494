#pragma once
// The last bytes that were appended to a log, for its many followers, all of which want them at
// once. Not thread-safe.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "logstore/log_store.hpp"

namespace trainyard::logstore {

// Of one stream at a time, the one that was appended to last; at most kMostBytes of it.
class Tail {
 public:
  static constexpr std::size_t kMostBytes = 64 << 10;

  // `bytes` now stand at `offset`, and are the last of a stream whose run is not sealed: forget()
  // it before it is, and before anything is written.
  void appended(const model::RunId& run, Stream stream, std::uint64_t offset,
                std::string_view bytes);
  void forget(const model::RunId& run);

  // As LogStore::read; nullopt when that is not known here.
  std::optional<std::string> read(const model::RunId& run, Stream stream, std::uint64_t offset,
                                  std::size_t max) const;
  // Then the run is not sealed.
  bool is_of(const model::RunId& run) const { return run_ == run; }

 private:
  std::optional<model::RunId> run_;
  Stream stream_ = Stream::Training;
  std::uint64_t begin_ = 0;
  std::string bytes_;
};

}  // namespace trainyard::logstore
