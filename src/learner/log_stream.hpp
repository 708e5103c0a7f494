#pragma once
// One log file on its way to the server's copy of it, by offset.
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>

#include "base/fd.hpp"

namespace trainyard::learner {

class LogStream {
 public:
  enum class Writer { Learner, Command };
  // To be made before this attempt writes to `file`. What a command writes is taken as it comes:
  // only a regular file counts, only its first 16 MiB, and one that cannot be read is empty.
  // `first_attempt`: the server's copy is empty
  // when the file is, and needs not be asked for.
  LogStream(std::filesystem::path file, bool first_attempt, Writer writer = Writer::Learner);

  struct Chunk {
    std::uint64_t offset = 0;  // in the server's copy
    std::string bytes;         // empty: all that is in the file is there
  };
  // The server must be asked how much it has (an append of no bytes) before the first chunk.
  bool must_ask() const { return !known_ && exists(); }
  std::uint64_t position() const { return position_; }  // in the file; before it the server has all
  std::uint64_t size() const;                           // of the file; 0 when there is none
  // Not to be called while must_ask(). At most `max` bytes. Throws when the file cannot be read.
  Chunk next(std::size_t max);
  // What the server said that it has, to any append: the next chunk begins there. When an earlier
  // attempt sent bytes that a power failure took from our disk, the server's copy keeps them and
  // what this attempt writes goes behind them.
  void server_has(std::uint64_t size);
  // The server takes no more of it, ever.
  void close() { closed_ = true; }
  bool closed() const { return closed_; }

 private:
  bool exists() const;
  bool open();

  std::filesystem::path file_;
  Writer writer_;
  Fd fd_;
  std::uint64_t inherited_ = 0;  // bytes of earlier attempts in the file
  // The server's copy has so many bytes more than the file, at `inherited_`.
  std::uint64_t ahead_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t position_ = 0;  // in the file
  bool known_ = false;
  bool closed_ = false;
};

}  // namespace trainyard::learner
