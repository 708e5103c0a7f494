#pragma once
// MD5 (RFC 1321) of many messages at once. Each step of an MD5 waits for the one before, so that a
// processor does little else than wait; sixteen messages side by side in its vector registers take
// hardly longer than one. The digests are those of Hasher(Digest::Md5).
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace trainyard {

// A message that is read piece by piece, by one thread at a time.
class Md5Message {
 public:
  static constexpr std::size_t kPiece = 32 * 1024;
  struct Piece {
    std::size_t size = 0;
    bool last = false;
  };

  virtual ~Md5Message() = default;
  // Writes the next bytes to `into`, at most kPiece. Unless it is the last, a piece is a multiple
  // of 64 bytes; an empty one says that the rest is not there yet: the message may be given to
  // md5_all() again later and goes on where it stood.
  virtual Piece read(char* into) = 0;
  // After the last piece; raw.
  virtual void finish(std::string digest) = 0;

 protected:
  void begin_again() { state_ = {}; }

 private:
  friend class Md5Lanes;
  struct State {
    std::array<std::uint32_t, 4> words{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    std::uint64_t size = 0;  // of what was read
  };
  State state_;
};

// So many are worked on side by side.
constexpr std::size_t kMd5Lanes = 16;

// Reads and hashes the messages that `next` gives, until it gives none (an empty pointer) and all
// are finished or wait for more. `next` is asked again whenever a message leaves. What a message
// or `next` throws ends it; the messages in work are then lost. Holds 32 KiB for each
// of those side by side.
void md5_all(const std::function<std::shared_ptr<Md5Message>()>& next);

}  // namespace trainyard
