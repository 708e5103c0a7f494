#include "objectstore/checksums.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace trainyard::objectstore {
namespace {

using enum ChecksumAlgorithm;
constexpr ChecksumAlgorithm kAll[] = {Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};

std::string of(ChecksumAlgorithm algorithm, std::string_view bytes) {
  ChecksumState state(algorithm);
  state.update(bytes);
  return state.finish().value;
}

TEST(Checksum, OfTheCheckString) {
  EXPECT_EQ(of(Crc32, "123456789"), "y/Q5Jg==");          // cbf43926
  EXPECT_EQ(of(Crc32c, "123456789"), "4waSgw==");         // e3069283
  EXPECT_EQ(of(Crc64Nvme, "123456789"), "rosUhgp5mIg=");  // ae8b14860a799888
  EXPECT_EQ(of(Sha1, "abc"), "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
  EXPECT_EQ(of(Sha256, "abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
}

TEST(Checksum, IsTheSameInPieces) {
  for (const ChecksumAlgorithm algorithm : kAll) {
    ChecksumState state(algorithm);
    for (const char* part : {"12", "", "345", "6789"}) state.update(part);
    EXPECT_EQ(state.finish().value, of(algorithm, "123456789")) << name_of(algorithm);
  }
}

TEST(Checksum, OfTheWholeFromThoseOfTheParts) {
  const std::string first(5'000'000, 'a'), second(1'234'567, 'b'), third = "c";
  for (const ChecksumAlgorithm algorithm : {Crc32, Crc32c, Crc64Nvme}) {
    const PartChecksum parts[] = {{of(algorithm, first), first.size()},
                                  {of(algorithm, second), second.size()},
                                  {of(algorithm, ""), 0},
                                  {of(algorithm, third), third.size()}};
    EXPECT_EQ(combine(algorithm, ChecksumType::FullObject, parts).value,
              of(algorithm, first + second + third))
        << name_of(algorithm);
  }
}

TEST(Checksum, CompositeIsTheChecksumOfTheChecksums) {
  const PartChecksum parts[] = {{of(Sha256, "a"), 1}, {of(Sha256, "b"), 1}};
  const std::string raw = base64_decode(parts[0].value) + base64_decode(parts[1].value);
  const Checksum checksum = combine(Sha256, ChecksumType::Composite, parts);
  EXPECT_EQ(checksum.value, of(Sha256, raw) + "-2");
  EXPECT_EQ(checksum.type, ChecksumType::Composite);
}

TEST(Checksum, FullObjectOfADigestCannotBeCombined) {
  const PartChecksum parts[] = {{of(Sha1, "a"), 1}};
  EXPECT_THROW(combine(Sha1, ChecksumType::FullObject, parts), Error);
}

TEST(Checksum, NamesAreReadWithoutRegardToCase) {
  for (const ChecksumAlgorithm algorithm : kAll) {
    EXPECT_EQ(algorithm_named(name_of(algorithm)), algorithm);
    EXPECT_EQ(algorithm_of_header(header_of(algorithm)), algorithm);
    EXPECT_EQ(algorithm_of_element(element_of(algorithm)), algorithm);
  }
  EXPECT_EQ(algorithm_named("crc32"), Crc32);
  EXPECT_EQ(algorithm_of_header("X-Amz-Checksum-Sha256"), Sha256);
  EXPECT_EQ(algorithm_named("md5"), std::nullopt);
  EXPECT_EQ(type_named("full_object"), ChecksumType::FullObject);
  EXPECT_EQ(type_named(""), std::nullopt);
}

TEST(Checksum, ValuesHaveTheRightLength) {
  EXPECT_TRUE(well_formed(Crc32, "AAAAAA=="));
  EXPECT_FALSE(well_formed(Crc32, "AAAA"));
  EXPECT_FALSE(well_formed(Crc64Nvme, "AAAAAA=="));
  EXPECT_FALSE(well_formed(Crc32, "!"));
  EXPECT_FALSE(well_formed(Crc32, ""));
}

TEST(Checksum, SurvivesTheIndex) {
  const Checksum checksum{Crc32c, ChecksumType::Composite, "AAAAAA==-3"};
  EXPECT_EQ(checksum_from_text(to_text(checksum)), checksum);
  EXPECT_EQ(checksum_from_text(to_text(std::nullopt)), std::nullopt);
  EXPECT_THROW(checksum_from_text("nonsense"), Error);
}

}  // namespace
}  // namespace trainyard::objectstore
