#pragma once
// Pieces of logs, compressed once for all who follow them. For src/api only.
#include <chrono>
#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
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
  bool far = false;  // there is much more of the log behind it
};

// Thread-safe. Keeps what was made last, kMostBytes of it. Those who follow one log get into step:
// a piece of bytes never goes beyond where a known one begins, and none beyond where one ends.
class SharedPieces {
 public:
  static constexpr std::size_t kMostBytes = 4u << 20;
  static constexpr std::size_t kLongest = 64u << 10;  // of a piece, in bytes of the log
  static constexpr std::size_t kSmall = 4u << 10;     // of a compressed piece

  struct Piece {
    std::uint64_t end = 0;
    http::DeflatedPiece deflated;  // without its bytes where there is a slice
    // The bytes as a chunk (http::chunk_of) in memory, from where they go out to any number of
    // sockets; a slice often stands right behind the one before. Small pieces have none.
    http::FileSlice slice;
    std::size_t size() const { return deflated.bytes.size() + slice.length; }
  };
  // `burst`: so long compressing may take at once, after a rest.
  explicit SharedPieces(std::chrono::milliseconds burst = std::chrono::milliseconds(50))
      : maker_(burst) {}

  // At most that many bytes of the log from the place's offset.
  using Read = std::function<LogText(std::size_t most)>;
  // The piece that begins there; made of what `read` says unless it is known; nullptr when that is
  // nothing. Compressing is done on the caller's thread and takes at most a third of the time, a
  // sixth for what is far from the end of its log. What comes beyond that, as when many catch up
  // with long logs, is stored as it is, and not kept.
  std::shared_ptr<const Piece> at(const LogPlace& place, const Read& read);

 private:
  using Steady = std::chrono::steady_clock;

  class Known {
   public:
    std::shared_ptr<const Piece> find(const LogPlace& place) const;
    std::size_t room(const LogPlace& place) const;
    void keep(const LogPlace& place, const std::shared_ptr<const Piece>& piece);

   private:
    std::map<LogPlace, std::shared_ptr<const Piece>> pieces_;
    std::deque<LogPlace> oldest_;  // all of them
    std::size_t bytes_ = 0;
  };

  // How much processor time compressing may take from now on.
  class Allowance {
   public:
    // One part of so many of the time.
    Allowance(int share, std::chrono::nanoseconds most) : share_(share), most_(most) {}
    bool left();
    void spend(std::chrono::nanoseconds time) { rest_ -= time; }

   private:
    const int share_;
    const std::chrono::nanoseconds most_;
    std::chrono::nanoseconds rest_ = most_;
    Steady::time_point counted_ = Steady::now();
  };

  class Maker {
   public:
    explicit Maker(std::chrono::nanoseconds burst) : near_(3, burst), far_(6, burst) {}
    // nullopt: that would take too much time.
    std::optional<http::DeflatedPiece> deflate(const LogText& text);
    // An empty slice when there can be no such memory.
    http::FileSlice put(const std::string& bytes);

   private:
    std::optional<http::PieceDeflater> deflater_;  // once it is needed
    Allowance near_, far_;
    std::shared_ptr<const Fd> file_;  // where slices are put next, at its end
    std::uint64_t file_size_ = 0;
  };

  std::shared_ptr<const Piece> make(const LogPlace& place, const LogText& text);

  std::mutex making_;  // locked before known_
  Maker maker_;
  Sync<Known> known_;
};

}  // namespace trainyard::api
