#include "base/hash.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "base/error.hpp"

namespace trainyard {
namespace {

std::string counting_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<char>(i * 131 + i / 251);
  return bytes;
}

// The definition, bit by bit: what the fast forms must agree with.
template <typename Word>
Word slow_crc(Word polynomial, std::string_view bytes) {
  Word crc = ~Word{0};
  for (unsigned char byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? polynomial : 0);
  }
  return ~crc;
}

TEST(Digest, GivesThePublishedValues) {
  EXPECT_EQ(to_hex(digest(Digest::Md5, "")), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(to_hex(digest(Digest::Md5, "abc")), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(to_hex(digest(Digest::Sha1, "abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(to_hex(digest(Digest::Sha256, "")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(digest(Digest::Sha256, "abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, IsTheSameInPieces) {
  const std::string bytes = counting_bytes(10'000);
  Hasher hasher(Digest::Sha256);
  hasher.update(std::string_view(bytes).substr(0, 1));
  hasher.update("");
  hasher.update(std::string_view(bytes).substr(1));
  EXPECT_EQ(hasher.finish(), digest(Digest::Sha256, bytes));
}

TEST(Digest, HasherCanBeMoved) {
  Hasher first(Digest::Md5);
  first.update("a");
  Hasher second = std::move(first);
  second.update("bc");
  EXPECT_EQ(second.finish(), digest(Digest::Md5, "abc"));
}

// RFC 4231, test cases 1, 2 and 6.
TEST(Hmac, GivesThePublishedValues) {
  EXPECT_EQ(to_hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(std::string(131, '\xaa'),
                               "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Hmac, WithSha1GivesThePublishedValue) {
  EXPECT_EQ(to_hex(hmac(Digest::Sha1, std::string(20, '\x0b'), "Hi There")),
            "b617318655057264e28bc0b6fb378c8ef146be00");
}

TEST(Hmac, TakesAnEmptyKeyAndNullData) {
  EXPECT_EQ(to_hex(hmac_sha256({}, {})),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Checksum, GivesTheCheckValues) {
  EXPECT_EQ(crc32("123456789"), 0xcbf43926u);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc64nvme("123456789"), 0xae8b14860a799888u);
}

// RFC 3720 B.4 and the NVMe specification.
TEST(Checksum, GivesThePublishedValuesForBlocks) {
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(crc64nvme(std::string(4096, '\0')), 0x6482d367eb22b64eu);
  EXPECT_EQ(crc64nvme(std::string(4096, '\xff')), 0xc0ddba7302eca3acu);
}

TEST(Checksum, OfNothingIsTheSeed) {
  EXPECT_EQ(crc32({}), 0u);
  EXPECT_EQ(crc32c({}), 0u);
  EXPECT_EQ(crc64nvme({}), 0u);
  EXPECT_EQ(crc32({}, 7), 7u);
  EXPECT_EQ(crc32c({}, 7), 7u);
  EXPECT_EQ(crc64nvme({}, 7), 7u);
}

// Up to four steps of the widest fold that long texts are taken with, from every alignment.
TEST(Checksum, AgreesWithTheDefinitionForEveryShortLength) {
  const std::string bytes = counting_bytes(1100);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const std::string_view part = std::string_view(bytes).substr(bytes.size() - size);
    EXPECT_EQ(crc32(part), slow_crc<std::uint32_t>(0xedb88320u, part)) << size;
    EXPECT_EQ(crc32c(part), slow_crc<std::uint32_t>(0x82f63b78u, part)) << size;
    EXPECT_EQ(crc64nvme(part), slow_crc<std::uint64_t>(0x9a6c9329ac4bc9b5u, part)) << size;
  }
}

TEST(Checksum, ContinuesFromASeedAtEverySplit) {
  const std::string bytes = counting_bytes(210);
  const std::string_view view(bytes);
  for (std::size_t at = 0; at <= bytes.size(); ++at) {
    const auto head = view.substr(0, at), tail = view.substr(at);
    EXPECT_EQ(crc32(tail, crc32(head)), crc32(view));
    EXPECT_EQ(crc32c(tail, crc32c(head)), crc32c(view));
    EXPECT_EQ(crc64nvme(tail, crc64nvme(head)), crc64nvme(view));
  }
}

TEST(Hex, GoesBothWays) {
  EXPECT_EQ(to_hex(std::string_view("\x00\x7f\xff", 3)), "007fff");
  EXPECT_EQ(from_hex("007FfF"), std::string("\x00\x7f\xff", 3));
  EXPECT_EQ(from_hex(""), "");
}

TEST(Hex, RefusesWhatIsNoHex) {
  for (const char* text : {"0", "0g", "g0", " 00", "0x", "00 "}) {
    EXPECT_THROW(from_hex(text), Error) << text;
  }
}

// RFC 4648, section 10.
TEST(Base64, GivesThePublishedValues) {
  const std::vector<std::pair<std::string, std::string>> cases{{"", ""},
                                                               {"f", "Zg=="},
                                                               {"fo", "Zm8="},
                                                               {"foo", "Zm9v"},
                                                               {"foob", "Zm9vYg=="},
                                                               {"fooba", "Zm9vYmE="},
                                                               {"foobar", "Zm9vYmFy"}};
  for (const auto& [raw, text] : cases) {
    EXPECT_EQ(base64_encode(raw), text);
    EXPECT_EQ(base64_decode(text), raw);
  }
}

TEST(Base64, UrlFormHasItsOwnAlphabetAndNoPadding) {
  const std::string raw("\xfb\xff\xfe\x01", 4);
  EXPECT_EQ(base64_encode(raw), "+//+AQ==");
  EXPECT_EQ(base64url_encode(raw), "-__-AQ");
  EXPECT_EQ(base64url_decode("-__-AQ"), raw);
  EXPECT_EQ(base64url_decode("-__-AQ=="), raw);
  EXPECT_EQ(base64_decode("+//+AQ"), raw);
}

TEST(Base64, RefusesBrokenText) {
  for (const char* text : {"Z", "Zg=", "Zg===", "=", "====", "Zm9v=", "Zm8=Zm8=", "Z-8=", "Zm 8=",
                           "Zm8=\n", "Zh==", "Zm9="}) {
    EXPECT_THROW(base64_decode(text), Error) << text;
  }
  EXPECT_THROW(base64url_decode("+//+"), Error);
}

TEST(ConstantTimeEqual, ComparesWholeStrings) {
  EXPECT_TRUE(constant_time_equal("", {}));
  EXPECT_TRUE(constant_time_equal("same", "same"));
  EXPECT_FALSE(constant_time_equal("same", "sama"));
  EXPECT_FALSE(constant_time_equal("same", "samesame"));
}

}  // namespace
}  // namespace trainyard
