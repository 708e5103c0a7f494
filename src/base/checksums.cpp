// CRC-32 is zlib's; CRC-32C and CRC-64/NVME are table-driven, eight bytes a step, with the SSE 4.2
// instruction for CRC-32C where the processor has it.
#include <zlib.h>

#include <array>
#include <bit>
#include <cstring>

#include "base/hash.hpp"
#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace trainyard {

namespace {

template <typename Word>
using Tables = std::array<std::array<Word, 256>, 8>;

// tables[k][b]: the effect of byte b followed by k zero bytes, for a reflected polynomial.
template <typename Word>
constexpr Tables<Word> make_tables(Word polynomial) {
  Tables<Word> tables{};
  for (std::size_t byte = 0; byte < 256; ++byte) {
    Word value = static_cast<Word>(byte);
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? polynomial : 0);
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

constexpr Tables<std::uint32_t> kCrc32cTables = make_tables<std::uint32_t>(0x82f63b78u);
constexpr Tables<std::uint64_t> kCrc64Tables = make_tables<std::uint64_t>(0x9a6c9329ac4bc9b5u);

std::uint64_t load_little_endian(const char* bytes) {
  std::uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

template <typename Word>
Word crc_by_table(const Tables<Word>& tables, std::string_view bytes, Word crc) {
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
__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_instruction(std::string_view bytes,
                                                                      std::uint32_t crc) {
  std::uint64_t wide = crc;
  while (bytes.size() >= 8) {
    wide = _mm_crc32_u64(wide, load_little_endian(bytes.data()));
    bytes.remove_prefix(8);
  }
  crc = static_cast<std::uint32_t>(wide);
  for (unsigned char byte : bytes) crc = _mm_crc32_u8(crc, byte);
  return crc;
}
#endif

}  // namespace

std::uint32_t crc32(std::string_view bytes, std::uint32_t seed) {
  if (bytes.empty()) return seed;  // zlib would take a null pointer as "give the start value"
  return static_cast<std::uint32_t>(
      ::crc32_z(seed, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return ~crc32c_by_instruction(bytes, ~seed);
#endif
  return ~crc_by_table(kCrc32cTables, bytes, ~seed);
}

std::uint64_t crc64nvme(std::string_view bytes, std::uint64_t seed) {
  return ~crc_by_table(kCrc64Tables, bytes, ~seed);
}

}  // namespace trainyard
