#include "base/md5_lanes.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace trainyard {
namespace {

static_assert(std::endian::native == std::endian::little, "words are loaded as they lie");

constexpr std::size_t kBlock = 64;
constexpr std::size_t kMostPadding = 2 * kBlock;
constexpr std::array<std::uint32_t, 64> kSines = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
constexpr int kTurns[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

// A word of one message, or the same word of each.
using Narrow = std::uint32_t;
using Wide = std::uint32_t __attribute__((vector_size(sizeof(Narrow) * kMd5Lanes)));
using Quad = std::uint32_t __attribute__((vector_size(16)));

template <typename Word>
struct Block {
  alignas(kBlock) std::array<Word, 16> words;
};

// What follows is inlined into one function for each kind of processor, compiled for that.
#define TRAINYARD_INLINE [[gnu::always_inline]] inline

template <int I, typename Word>
TRAINYARD_INLINE void step(Word (&s)[4], const Block<Word>& block) {
  constexpr int kRound = I / 16;
  constexpr int kFactor[] = {1, 5, 3, 7}, kStart[] = {0, 1, 5, 0};
  constexpr int kTurn = kTurns[kRound][I % 4];
  const Word b = s[1], c = s[2], d = s[3];
  Word mixed;
  if constexpr (kRound == 0) mixed = d ^ (b & (c ^ d));
  if constexpr (kRound == 1) mixed = c ^ (d & (b ^ c));
  if constexpr (kRound == 2) mixed = b ^ c ^ d;
  if constexpr (kRound == 3) mixed = c ^ (b | ~d);
  const Word& word = block.words[(kFactor[kRound] * I + kStart[kRound]) % 16];
  const Word sum = (s[0] + (word + kSines[I])) + mixed;
  s[0] = d;
  s[3] = c;
  s[2] = b;
  s[1] = b + ((sum << kTurn) | (sum >> (32 - kTurn)));
}

// A block is loaded in sixteen tiles: four words of four messages each, turned over so that the
// same words lie side by side.
template <int Tile>
TRAINYARD_INLINE void load(const char* const* bytes, std::size_t offset, Block<Wide>& block) {
  constexpr int kMessage = 4 * (Tile % 4), kWord = 4 * (Tile / 4);
  Quad row[4];
  for (int i = 0; i < 4; ++i) {
    std::memcpy(&row[i], bytes[kMessage + i] + offset + sizeof(Narrow) * kWord, sizeof row[i]);
  }
  const Quad a = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5);
  const Quad b = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5);
  const Quad c = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
  const Quad d = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
  const Quad column[4] = {
      __builtin_shufflevector(a, b, 0, 1, 4, 5), __builtin_shufflevector(a, b, 2, 3, 6, 7),
      __builtin_shufflevector(c, d, 0, 1, 4, 5), __builtin_shufflevector(c, d, 2, 3, 6, 7)};
  for (int i = 0; i < 4; ++i) {
    auto* const word = reinterpret_cast<Narrow*>(&block.words[kWord + i]);
    std::memcpy(word + kMessage, &column[i], sizeof column[i]);
  }
}
template <int Tile>
TRAINYARD_INLINE void load(const char* const* bytes, std::size_t offset, Block<Narrow>& block) {
  if constexpr (Tile == 0) std::memcpy(block.words.data(), bytes[0] + offset, kBlock);
}

// The next block is loaded while the steps wait for each other.
template <int I, typename Word>
TRAINYARD_INLINE void step_and_load(Word (&s)[4], const Block<Word>& block,
                                    const char* const* bytes, std::size_t offset,
                                    Block<Word>& next) {
  if constexpr (I % 4 == 0) load<I / 4>(bytes, offset, next);
  step<I>(s, block);
}

template <typename Word, int... Steps, int... Tiles>
TRAINYARD_INLINE void compress(Word (&state)[4], const char* const* bytes, std::size_t blocks,
                               std::integer_sequence<int, Steps...>,
                               std::integer_sequence<int, Tiles...>) {
  Block<Word> block[2];
  (load<Tiles>(bytes, 0, block[0]), ...);
  for (std::size_t i = 0; i < blocks; ++i) {
    Word s[4] = {state[0], state[1], state[2], state[3]};
    const std::size_t following = i + 1 < blocks ? (i + 1) * kBlock : i * kBlock;
    (step_and_load<Steps>(s, block[i % 2], bytes, following, block[1 - i % 2]), ...);
    for (int word = 0; word < 4; ++word) state[word] += s[word];
  }
}

template <typename Word>
TRAINYARD_INLINE void compress(Word (&state)[4], const char* const* bytes, std::size_t blocks) {
  compress(state, bytes, blocks, std::make_integer_sequence<int, 64>(),
           std::make_integer_sequence<int, 16>());
}

#undef TRAINYARD_INLINE

using Compress = void (*)(Wide (&state)[4], const char* const* bytes, std::size_t blocks);

void compress_wide(Wide (&state)[4], const char* const* bytes, std::size_t blocks) {
  compress(state, bytes, blocks);
}
#if defined(__x86_64__)
[[gnu::target("avx2")]] void compress_avx2(Wide (&state)[4], const char* const* bytes,
                                           std::size_t blocks) {
  compress(state, bytes, blocks);
}
[[gnu::target("avx512f,avx512vl")]] void compress_avx512(Wide (&state)[4], const char* const* bytes,
                                                         std::size_t blocks) {
  compress(state, bytes, blocks);
}
#endif

struct Processor {
  Compress compress;
  std::size_t pays_from;  // so many messages; fewer are faster one after the other
};

Processor find_processor() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")) {
    return {compress_avx512, 2};
  }
  if (__builtin_cpu_supports("avx2")) return {compress_avx2, 3};
#endif
  return {compress_wide, 6};
}

// The end of a message of `size` bytes, whose last piece ends at `at`; how long it is.
std::size_t pad(char* at, std::uint64_t size) {
  const std::size_t in_block = size % kBlock;
  const std::size_t length = (in_block < kBlock - 8 ? kBlock : 2 * kBlock) - in_block;
  std::memset(at, 0, length);
  *at = char(0x80);
  const std::uint64_t bits = 8 * size;
  std::memcpy(at + length - sizeof bits, &bits, sizeof bits);
  return length;
}

}  // namespace

class Md5Lanes {
 public:
  explicit Md5Lanes(const std::function<std::shared_ptr<Md5Message>()>& next) : next_(next) {}

  void run() {
    while (true) {
      std::array<Lane*, kMd5Lanes> fed;
      std::size_t count = 0;
      for (Lane& lane : lanes_) {
        if (feed(lane)) fed[count++] = &lane;
      }
      if (count == 0) return;
      advance(fed.data(), count);
    }
  }

 private:
  struct Lane {
    std::unique_ptr<char[]> buffer;
    const char* at = nullptr;
    std::size_t blocks = 0;  // from there on
    std::shared_ptr<Md5Message> message = {};
    bool last = false;  // they are the message's last
  };

  bool feed(Lane& lane) {
    while (lane.blocks == 0) {
      if (lane.last) finish(lane);
      if (!lane.message) lane.message = next_();
      if (!lane.message) return false;
      read(lane);
    }
    return true;
  }

  static void read(Lane& lane) {
    Md5Message& message = *lane.message;
    if (!lane.buffer) lane.buffer.reset(new char[Md5Message::kPiece + kMostPadding]);
    const Md5Message::Piece piece = message.read(lane.buffer.get());
    message.state_.size += piece.size;
    lane.last = piece.last;
    std::size_t size = piece.size;
    if (piece.last) size += pad(lane.buffer.get() + size, message.state_.size);
    lane.at = lane.buffer.get();
    lane.blocks = size / kBlock;
    if (lane.blocks == 0) lane.message.reset();
  }

  static void finish(Lane& lane) {
    lane.last = false;
    const auto message = std::move(lane.message);
    std::string digest(sizeof message->state_.words, '\0');
    std::memcpy(digest.data(), message->state_.words.data(), digest.size());
    message->finish(std::move(digest));
  }

  void advance(Lane* const* lanes, std::size_t count) const {
    std::size_t blocks = lanes[0]->blocks;
    for (std::size_t i = 1; i < count; ++i) blocks = std::min(blocks, lanes[i]->blocks);
    if (count >= processor_.pays_from) {
      hash_together(lanes, count, blocks);
    } else {
      for (std::size_t i = 0; i < count; ++i) hash_alone(*lanes[i], blocks);
    }
    for (std::size_t i = 0; i < count; ++i) {
      lanes[i]->at += blocks * kBlock;
      lanes[i]->blocks -= blocks;
    }
  }

  void hash_together(Lane* const* lanes, std::size_t count, std::size_t blocks) const {
    Wide state[4] = {};
    const char* bytes[kMd5Lanes];
    for (std::size_t i = 0; i < kMd5Lanes; ++i) {
      const Lane& lane = *lanes[i < count ? i : 0];  // what no message needs is thrown away
      bytes[i] = lane.at;
      for (int word = 0; word < 4; ++word) state[word][i] = lane.message->state_.words[word];
    }
    processor_.compress(state, bytes, blocks);
    for (std::size_t i = 0; i < count; ++i) {
      for (int word = 0; word < 4; ++word) lanes[i]->message->state_.words[word] = state[word][i];
    }
  }

  static void hash_alone(Lane& lane, std::size_t blocks) {
    auto& kept = lane.message->state_.words;
    Narrow state[4] = {kept[0], kept[1], kept[2], kept[3]};
    compress(state, &lane.at, blocks);
    std::copy(std::begin(state), std::end(state), kept.begin());
  }

  const std::function<std::shared_ptr<Md5Message>()>& next_;
  const Processor processor_ = find_processor();
  std::array<Lane, kMd5Lanes> lanes_;
};

void md5_all(const std::function<std::shared_ptr<Md5Message>()>& next) { Md5Lanes(next).run(); }

}  // namespace trainyard
