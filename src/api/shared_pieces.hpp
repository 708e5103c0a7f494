#pragma once
// Pieces of logs, compressed once for all who follow them. For src/api only.
#include <chrono>
#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/fd.hpp"
#include "base/sync.hpp"
#include "http/gzip_stream.hpp"
#include "http/server.hpp"
#include "logstore/log_store.hpp"

namespace trainyard::api {

// How a log is told: as it is, or as server-sent events.
enum class LogForm { Bytes, Events };

struct LogPlace {
  model::RunId run;
  logstore::Stream stream = logstore::Stream::Training;
  LogForm form = LogForm::Bytes;
  std::uint64_t offset = 0;  // of the log
  auto operator<=>(const LogPlace&) const = default;
};

// What goes out of a log from some offset up to `end`; none when `text` is empty.
struct LogText {
  std::string text;
  std::uint64_t end = 0;
};

// Thread-safe. Keeps what was made last, kMostBytes of it. Those who follow one log get into step:
// a piece of bytes never goes beyond where a known one begins, and none beyond where one ends.
class SharedPieces {
 public:
  static constexpr std::size_t kMostBytes = 4u << 20;
  static constexpr std::size_t kLongest = 64u << 10;      // of a piece, in bytes of the log
  static constexpr std::chrono::milliseconds kBurst{50};  // of compressing, after a rest

  static constexpr std::size_t kSmall = 4u << 10;  // compressed

  struct Piece {
    std::uint64_t end = 0;
    http::DeflatedPiece deflated;  // a piece that is not small has no bytes here, but
    http::FileSlice slice;         // as a chunk in memory, from where it goes out to any number of
                                   // sockets; a piece often stands right behind the one before
  };
  // At most that many bytes of the log from the place's offset.
  using Read = std::function<LogText(std::size_t most)>;
  // The piece that begins there; made of what `read` says unless it is known; nullptr when that is
  // nothing. Compressing takes at most a third of the time: what comes beyond that, as when many
  // catch up with long logs, is stored as it is. It is done on the caller's thread.
  std::shared_ptr<const Piece> at(const LogPlace& place, const Read& read);

 private:
  using Steady = std::chrono::steady_clock;

  struct Known {
    std::map<LogPlace, std::shared_ptr<const Piece>> pieces;
    std::deque<LogPlace> oldest;  // all of them
    std::size_t bytes = 0;
    std::optional<http::PieceDeflater> deflater;  // once it is needed
    std::shared_ptr<const Fd> file;               // where slices are put next, at its end
    std::uint64_t file_size = 0;
    Steady::duration allowance = kBurst;  // what compressing may take from now on
    Steady::time_point counted = Steady::now();

    std::size_t room(const LogPlace& place) const;
    http::DeflatedPiece deflate(const std::string& text);
    http::FileSlice put(const std::string& bytes);
    void keep(const LogPlace& place, const std::shared_ptr<const Piece>& piece);
  };
  Sync<Known> known_;
};

}  // namespace trainyard::api
