#include "objectstore/checksums.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/strings.hpp"

namespace trainyard::objectstore {
namespace {

struct Row {
  ChecksumAlgorithm algorithm;
  std::string_view name, header, element;
  unsigned bytes;
  std::uint64_t polynomial;  // reflected; 0: not a CRC
};
constexpr Row kRows[] = {
    {ChecksumAlgorithm::Crc32, "CRC32", "x-amz-checksum-crc32", "ChecksumCRC32", 4, 0xEDB88320},
    {ChecksumAlgorithm::Crc32c, "CRC32C", "x-amz-checksum-crc32c", "ChecksumCRC32C", 4, 0x82F63B78},
    {ChecksumAlgorithm::Crc64Nvme, "CRC64NVME", "x-amz-checksum-crc64nvme", "ChecksumCRC64NVME", 8,
     0x9A6C9329AC4BC9B5},
    {ChecksumAlgorithm::Sha1, "SHA1", "x-amz-checksum-sha1", "ChecksumSHA1", 20, 0},
    {ChecksumAlgorithm::Sha256, "SHA256", "x-amz-checksum-sha256", "ChecksumSHA256", 32, 0},
};

const Row& row_of(ChecksumAlgorithm algorithm) { return kRows[static_cast<int>(algorithm)]; }

std::optional<ChecksumAlgorithm> find(std::string_view Row::*column, std::string_view text) {
  for (const Row& row : kRows) {
    if (iequals(row.*column, text)) return row.algorithm;
  }
  return std::nullopt;
}

std::string big_endian(std::uint64_t value, unsigned bytes) {
  std::string out(bytes, '\0');
  for (unsigned i = 0; i < bytes; ++i) out[i] = char(value >> (8 * (bytes - 1 - i)));
  return out;
}

std::uint64_t from_big_endian(std::string_view raw) {
  std::uint64_t value = 0;
  for (const char c : raw) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

// Polynomials over GF(2) modulo the CRC's own, reflected: the highest bit is x^0.
class CrcField {
 public:
  explicit CrcField(const Row& row)
      : one_(std::uint64_t(1) << (8 * row.bytes - 1)), polynomial_(row.polynomial) {}

  std::uint64_t multiply(std::uint64_t a, std::uint64_t b) const {
    std::uint64_t product = 0;
    for (std::uint64_t bit = one_; bit != 0; bit >>= 1) {
      if (a & bit) product ^= b;
      b = b & 1 ? (b >> 1) ^ polynomial_ : b >> 1;
    }
    return product;
  }

  // x^(8 * bytes): what the CRC of a text is multiplied by when so many bytes follow it.
  std::uint64_t shift(std::uint64_t bytes) const {
    std::uint64_t result = one_, square = one_ >> 8;
    for (; bytes != 0; bytes >>= 1) {
      if (bytes & 1) result = multiply(result, square);
      square = multiply(square, square);
    }
    return result;
  }

 private:
  std::uint64_t one_, polynomial_;
};

std::string full_object(const Row& row, std::span<const PartChecksum> parts) {
  if (!can_be_combined(row.algorithm)) {
    throw Error(ErrorKind::InvalidInput,
                fmt::format("a full-object {} cannot be made from those of parts", row.name));
  }
  const CrcField field(row);
  std::uint64_t crc = 0;
  for (const PartChecksum& part : parts) {
    crc = field.multiply(crc, field.shift(part.size)) ^ from_big_endian(base64_decode(part.value));
  }
  return base64_encode(big_endian(crc, row.bytes));
}

std::string composite(ChecksumAlgorithm algorithm, std::span<const PartChecksum> parts) {
  ChecksumState state(algorithm);
  for (const PartChecksum& part : parts) state.update(base64_decode(part.value));
  return fmt::format("{}-{}", state.finish().value, parts.size());
}

}  // namespace

std::string_view name_of(ChecksumAlgorithm algorithm) { return row_of(algorithm).name; }
std::string_view header_of(ChecksumAlgorithm algorithm) { return row_of(algorithm).header; }
std::string_view element_of(ChecksumAlgorithm algorithm) { return row_of(algorithm).element; }
std::string_view name_of(ChecksumType type) {
  return type == ChecksumType::FullObject ? "FULL_OBJECT" : "COMPOSITE";
}

std::optional<ChecksumAlgorithm> algorithm_named(std::string_view name) {
  return find(&Row::name, name);
}
std::optional<ChecksumAlgorithm> algorithm_of_header(std::string_view header) {
  return find(&Row::header, header);
}
std::optional<ChecksumAlgorithm> algorithm_of_element(std::string_view element) {
  return find(&Row::element, element);
}
std::optional<ChecksumType> type_named(std::string_view name) {
  if (iequals(name, "FULL_OBJECT")) return ChecksumType::FullObject;
  if (iequals(name, "COMPOSITE")) return ChecksumType::Composite;
  return std::nullopt;
}

bool well_formed(ChecksumAlgorithm algorithm, std::string_view text) {
  try {
    return base64_decode(text).size() == row_of(algorithm).bytes;
  } catch (const Error&) {
    return false;
  }
}

std::string to_text(const std::optional<Checksum>& checksum) {
  if (!checksum) return {};
  return fmt::format("{} {} {}", name_of(checksum->algorithm), name_of(checksum->type),
                     checksum->value);
}

std::optional<Checksum> checksum_from_text(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto words = split(text, ' ');
  if (words.size() == 3) {
    const auto algorithm = algorithm_named(words[0]);
    const auto type = type_named(words[1]);
    if (algorithm && type) return Checksum{*algorithm, *type, words[2]};
  }
  throw Error(ErrorKind::Corrupt, "the index holds a checksum that cannot be read");
}

ChecksumState::ChecksumState(ChecksumAlgorithm algorithm) : algorithm_(algorithm) {
  if (algorithm == ChecksumAlgorithm::Sha1) hasher_.emplace(Digest::Sha1);
  if (algorithm == ChecksumAlgorithm::Sha256) hasher_.emplace(Digest::Sha256);
}

void ChecksumState::update(std::string_view bytes) {
  switch (algorithm_) {
    case ChecksumAlgorithm::Crc32:
      crc_ = crc32(bytes, std::uint32_t(crc_));
      break;
    case ChecksumAlgorithm::Crc32c:
      crc_ = crc32c(bytes, std::uint32_t(crc_));
      break;
    case ChecksumAlgorithm::Crc64Nvme:
      crc_ = crc64nvme(bytes, crc_);
      break;
    case ChecksumAlgorithm::Sha1:
    case ChecksumAlgorithm::Sha256:
      hasher_->update(bytes);
      break;
  }
}

Checksum ChecksumState::finish() {
  const std::string raw = hasher_ ? hasher_->finish() : big_endian(crc_, row_of(algorithm_).bytes);
  return {algorithm_, ChecksumType::FullObject, base64_encode(raw)};
}

bool can_be_combined(ChecksumAlgorithm algorithm) { return row_of(algorithm).polynomial != 0; }

Checksum combine(ChecksumAlgorithm algorithm, ChecksumType type,
                 std::span<const PartChecksum> parts) {
  return {algorithm, type,
          type == ChecksumType::FullObject ? full_object(row_of(algorithm), parts)
                                           : composite(algorithm, parts)};
}

}  // namespace trainyard::objectstore
