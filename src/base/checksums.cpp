// CRCs with reflected polynomials. Long texts are folded by carry-less multiplication where the
// processor has it (Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ
// Instruction", Intel 2009), four times as wide where it has AVX-512, the rest goes by table, eight
// bytes a step. One code for all three: the libraries of Debian 12 have no fast CRC-64/NVME.
#include <array>
#include <bit>
#include <cstring>

#include "base/hash.hpp"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace trainyard {

namespace {

// Multiplies a polynomial modulo the CRC's own by x; both reflected: the highest bit is x^0.
template <typename Word>
constexpr Word times_x(Word value, Word polynomial) {
  return (value >> 1) ^ ((value & 1) ? polynomial : Word(0));
}

template <typename Word>
using Tables = std::array<std::array<Word, 256>, 8>;

// tables[k][b]: the effect of byte b followed by k zero bytes.
template <typename Word>
constexpr Tables<Word> make_tables(Word polynomial) {
  Tables<Word> tables{};
  for (std::size_t byte = 0; byte < 256; ++byte) {
    Word value = static_cast<Word>(byte);
    for (int bit = 0; bit < 8; ++bit) value = times_x(value, polynomial);
    tables[0][byte] = value;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const Word before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

// What the two halves of a block are multiplied by so that it counts as one `bits` further on.
struct Fold {
  std::uint64_t low = 0, high = 0;
};

template <typename Word>
constexpr Fold make_fold(Word polynomial, unsigned bits) {
  constexpr unsigned kWidth = 8 * sizeof(Word);
  Fold fold;
  Word power = Word(1) << (kWidth - 1);
  for (unsigned exponent = 1; exponent <= bits + 63; ++exponent) {
    power = times_x(power, polynomial);
    // One less than the distance: the product of two reflected words is itself one place further.
    if (exponent == bits - 1) fold.high = std::uint64_t(power) << (64 - kWidth);
    if (exponent == bits + 63) fold.low = std::uint64_t(power) << (64 - kWidth);
  }
  return fold;
}

template <typename Word>
struct Crc {
  constexpr explicit Crc(Word polynomial)
      : tables(make_tables(polynomial)),
        by_block(make_fold(polynomial, 128)),
        by_four(make_fold(polynomial, 512)),
        by_sixteen(make_fold(polynomial, 2048)) {}
  Tables<Word> tables;
  Fold by_block, by_four, by_sixteen;
};

constexpr Crc<std::uint32_t> kCrc32(0xedb88320u);
constexpr Crc<std::uint32_t> kCrc32c(0x82f63b78u);
constexpr Crc<std::uint64_t> kCrc64Nvme(0x9a6c9329ac4bc9b5u);

std::uint64_t load_little_endian(const char* bytes) {
  std::uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

template <typename Word>
Word by_table(const Tables<Word>& tables, std::string_view bytes, Word crc) {
  while (bytes.size() >= 8) {
    const std::uint64_t block = load_little_endian(bytes.data()) ^ crc;
    crc = 0;
    for (int i = 0; i < 8; ++i) crc ^= tables[7 - i][(block >> (8 * i)) & 0xff];
    bytes.remove_prefix(8);
  }
  for (unsigned char byte : bytes) crc = (crc >> 8) ^ tables[0][(crc ^ byte) & 0xff];
  return crc;
}

#if defined(__x86_64__)
constexpr std::size_t kBlock = 16, kStep = 4 * kBlock, kWideStep = 4 * kStep;

__attribute__((target("pclmul"))) inline __m128i fold_into(__m128i block, __m128i factors,
                                                           __m128i next) {
  const __m128i low = _mm_clmulepi64_si128(block, factors, 0x00);
  const __m128i high = _mm_clmulepi64_si128(block, factors, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

__m128i load_block(const char* at) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); }

__m128i factors_of(const Fold& fold) {
  return _mm_set_epi64x(static_cast<long long>(fold.high), static_cast<long long>(fold.low));
}

// Takes whole steps from the front of `bytes`, of which there must be one: what is left of them is
// a block with the same CRC.
template <typename Word>
__attribute__((target("pclmul"))) std::array<char, kBlock> fold_steps(const Crc<Word>& kind,
                                                                      std::string_view& bytes,
                                                                      Word crc) {
  __m128i blocks[4];
  for (int i = 0; i < 4; ++i) blocks[i] = load_block(bytes.data() + i * kBlock);
  blocks[0] = _mm_xor_si128(blocks[0], _mm_set_epi64x(0, static_cast<long long>(crc)));
  bytes.remove_prefix(kStep);
  const __m128i by_four = factors_of(kind.by_four);
  for (; bytes.size() >= kStep; bytes.remove_prefix(kStep)) {
    for (int i = 0; i < 4; ++i) {
      blocks[i] = fold_into(blocks[i], by_four, load_block(bytes.data() + i * kBlock));
    }
  }
  const __m128i by_block = factors_of(kind.by_block);
  for (int i = 1; i < 4; ++i) blocks[i] = fold_into(blocks[i - 1], by_block, blocks[i]);
  std::array<char, kBlock> rest;
  _mm_storeu_si128(reinterpret_cast<__m128i*>(rest.data()), blocks[3]);
  return rest;
}

// As fold_steps(), four blocks to a register: what is left of wide steps is one with the same CRC.
template <typename Word>
__attribute__((target("avx512f,vpclmulqdq"))) std::array<char, kWideStep> fold_wide_steps(
    const Crc<Word>& kind, std::string_view& bytes, Word crc) {
  __m512i blocks[4];
  for (int i = 0; i < 4; ++i) blocks[i] = _mm512_loadu_si512(bytes.data() + i * kStep);
  const __m128i start = _mm_set_epi64x(0, static_cast<long long>(crc));
  blocks[0] = _mm512_xor_si512(blocks[0], _mm512_zextsi128_si512(start));
  bytes.remove_prefix(kWideStep);
  const auto high_factor = static_cast<long long>(kind.by_sixteen.high);
  const auto low_factor = static_cast<long long>(kind.by_sixteen.low);
  const __m512i factors = _mm512_set4_epi64(high_factor, low_factor, high_factor, low_factor);
  for (; bytes.size() >= kWideStep; bytes.remove_prefix(kWideStep)) {
    for (int i = 0; i < 4; ++i) {
      const __m512i low = _mm512_clmulepi64_epi128(blocks[i], factors, 0x00);
      const __m512i high = _mm512_clmulepi64_epi128(blocks[i], factors, 0x11);
      const __m512i next = _mm512_loadu_si512(bytes.data() + i * kStep);
      blocks[i] = _mm512_xor_si512(_mm512_xor_si512(low, high), next);
    }
  }
  std::array<char, kWideStep> rest;
  for (int i = 0; i < 4; ++i) _mm512_storeu_si512(rest.data() + i * kStep, blocks[i]);
  return rest;
}

bool has_wide_steps() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("vpclmulqdq");
}
#endif

template <typename Word>
Word crc_of(const Crc<Word>& kind, std::string_view bytes, Word crc) {
#if defined(__x86_64__)
  if (bytes.size() >= 2 * kWideStep && has_wide_steps()) {
    const auto rest = fold_wide_steps(kind, bytes, crc);
    crc = crc_of(kind, {rest.data(), rest.size()}, Word(0));
  }
  if (bytes.size() >= kStep && __builtin_cpu_supports("pclmul")) {
    const auto rest = fold_steps(kind, bytes, crc);
    crc = by_table(kind.tables, {rest.data(), rest.size()}, Word(0));
  }
#endif
  return by_table(kind.tables, bytes, crc);
}

}  // namespace

std::uint32_t crc32(std::string_view bytes, std::uint32_t seed) {
  return ~crc_of(kCrc32, bytes, ~seed);
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed) {
  return ~crc_of(kCrc32c, bytes, ~seed);
}

std::uint64_t crc64nvme(std::string_view bytes, std::uint64_t seed) {
  return ~crc_of(kCrc64Nvme, bytes, ~seed);
}

}  // namespace trainyard
