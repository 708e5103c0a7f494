#pragma once
// The x-amz-checksum-* family, for clients and servers of S3. Values stand as S3 sends them: base64
// of the big-endian bytes; a composite one (the checksum of the parts' checksums) ends with
// "-<number of parts>". Source: "Checking object integrity" of the Amazon S3 user guide.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/hash.hpp"

namespace trainyard::objectstore {

enum class ChecksumAlgorithm : std::uint8_t { Crc32, Crc32c, Crc64Nvme, Sha1, Sha256 };
enum class ChecksumType : std::uint8_t { FullObject, Composite };

struct Checksum {
  ChecksumAlgorithm algorithm = ChecksumAlgorithm::Crc32;
  ChecksumType type = ChecksumType::FullObject;
  std::string value;
  bool operator==(const Checksum&) const = default;
};

std::string_view name_of(ChecksumAlgorithm algorithm);     // "CRC64NVME"
std::string_view header_of(ChecksumAlgorithm algorithm);   // "x-amz-checksum-crc64nvme"
std::string_view element_of(ChecksumAlgorithm algorithm);  // "ChecksumCRC64NVME"
std::string_view name_of(ChecksumType type);               // "FULL_OBJECT"

// Case does not matter. nullopt when there is no such name.
std::optional<ChecksumAlgorithm> algorithm_named(std::string_view name);
std::optional<ChecksumAlgorithm> algorithm_of_header(std::string_view header);
std::optional<ChecksumAlgorithm> algorithm_of_element(std::string_view element);
std::optional<ChecksumType> type_named(std::string_view name);

// Can `text` be a full-object value of this algorithm?
bool well_formed(ChecksumAlgorithm algorithm, std::string_view text);

// One line for the index, and back ("" is nullopt).
std::string to_text(const std::optional<Checksum>& checksum);
std::optional<Checksum> checksum_from_text(std::string_view text);

class ChecksumState {
 public:
  explicit ChecksumState(ChecksumAlgorithm algorithm);
  void update(std::string_view bytes);
  Checksum finish();  // the object may not be used after

 private:
  ChecksumAlgorithm algorithm_;
  std::uint64_t crc_ = 0;
  std::optional<Hasher> hasher_;
};

struct PartChecksum {
  std::string value;
  std::uint64_t size = 0;
};
// Whether parts' checksums make that of the whole: those of CRCs do.
bool can_be_combined(ChecksumAlgorithm algorithm);
// The checksum of the whole from those of its parts in order. FullObject only for the CRCs, which
// can be combined; throws Error InvalidInput for the others.
Checksum combine(ChecksumAlgorithm algorithm, ChecksumType type,
                 std::span<const PartChecksum> parts);

}  // namespace trainyard::objectstore
