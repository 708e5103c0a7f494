#include "gateway/aws_chunked.hpp"

#include <gtest/gtest.h>

#include "gateway/s3_error.hpp"

namespace trainyard::gateway {
namespace {

using objectstore::sigv4::ChunkSigner;

// Gives at most `step` bytes a time, as a slow socket does.
ByteSource source_of(std::string bytes, std::size_t step) {
  return [bytes = std::move(bytes), step, at = std::size_t(0)](std::span<char> into) mutable {
    const std::size_t count = std::min({step, into.size(), bytes.size() - at});
    std::copy_n(bytes.data() + at, count, into.data());
    at += count;
    return count;
  };
}

std::string decode(AwsChunkedReader& reader) {
  std::string out;
  char buffer[1000];
  while (const std::size_t count = reader.read(buffer)) out.append(buffer, count);
  EXPECT_EQ(reader.read(buffer), 0u);
  return out;
}

std::optional<S3Code> failure(const std::string& encoded, ChunkedOptions options) {
  AwsChunkedReader reader(source_of(encoded, 7), std::move(options));
  try {
    decode(reader);
    return std::nullopt;
  } catch (const S3Error& error) {
    return error.code();
  }
}

ChunkSigner signer(const std::string& seed) {
  return {Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), {}, "20130524T000000Z", seed};
}

// AWS's published example: 65 KiB of 'a'.
ChunkSigner plain_signer() {
  return signer("4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
}
std::string plain_example() {
  return "10000;chunk-signature="
         "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n" +
         std::string(65536, 'a') +
         "\r\n400;chunk-signature="
         "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n" +
         std::string(1024, 'a') +
         "\r\n0;chunk-signature="
         "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n";
}

ChunkSigner trailer_signer() {
  return signer("106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e");
}
std::string trailer_example(const std::string& before_trailer = "") {
  return "10000;chunk-signature="
         "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n" +
         std::string(65536, 'a') +
         "\r\n400;chunk-signature="
         "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n" +
         std::string(1024, 'a') +
         "\r\n0;chunk-signature="
         "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n" +
         before_trailer +
         "x-amz-checksum-crc32c:sOO8/Q==\r\n"
         "x-amz-trailer-signature:"
         "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n";
}

TEST(AwsChunked, DecodesTheSignedExample) {
  for (const std::size_t step : {1u, 13u, 100'000u}) {
    AwsChunkedReader reader(source_of(plain_example(), step), {plain_signer(), false});
    EXPECT_EQ(decode(reader), std::string(66560, 'a')) << step;
  }
}

TEST(AwsChunked, DecodesTheTrailerExample) {
  for (const std::string before : {"", "\r\n"}) {
    AwsChunkedReader reader(source_of(trailer_example(before), 1000), {trailer_signer(), true});
    EXPECT_EQ(decode(reader), std::string(66560, 'a'));
    EXPECT_EQ(reader.trailer().get("x-amz-checksum-crc32c"), "sOO8/Q==");
    EXPECT_EQ(reader.trailer().items().size(), 1u);
  }
}

TEST(AwsChunked, DecodesAnUnsignedBodyWithTrailer) {
  AwsChunkedReader reader(
      source_of("5\r\nhello\r\n6\r\n world\r\n0\r\nX-Amz-Checksum-Crc32: DUoRhQ==\r\n\r\n", 3),
      {std::nullopt, true});
  EXPECT_EQ(decode(reader), "hello world");
  EXPECT_EQ(reader.trailer().get("x-amz-checksum-crc32"), "DUoRhQ==");
}

TEST(AwsChunked, DecodesAnEmptyBody) {
  AwsChunkedReader reader(source_of("0\r\n\r\n", 1), {std::nullopt, false});
  EXPECT_EQ(decode(reader), "");
}

TEST(AwsChunked, RefusesAChangedByteOrSignature) {
  for (const std::size_t at : {100u, 30u, 66000u}) {
    std::string encoded = plain_example();
    encoded[at] = encoded[at] == 'b' ? 'c' : 'b';
    EXPECT_EQ(failure(encoded, {plain_signer(), false}), S3Code::SignatureDoesNotMatch) << at;
  }
  std::string encoded = trailer_example();
  encoded.replace(encoded.find("sOO8"), 4, "sOO9");
  EXPECT_EQ(failure(encoded, {trailer_signer(), true}), S3Code::SignatureDoesNotMatch);
}

TEST(AwsChunked, RefusesAChunkWithoutSignature) {
  EXPECT_EQ(failure("5\r\nhello\r\n0\r\n\r\n", {plain_signer(), false}),
            S3Code::SignatureDoesNotMatch);
}

TEST(AwsChunked, RefusesATrailerWithoutSignature) {
  std::string encoded = trailer_example();
  encoded.erase(encoded.find("x-amz-trailer-signature"));
  EXPECT_EQ(failure(encoded + "\r\n", {trailer_signer(), true}), S3Code::SignatureDoesNotMatch);
}

TEST(AwsChunked, RefusesAChunkThatIsLeftOut) {
  std::string encoded = plain_example();
  encoded.erase(0, encoded.find("400;"));
  EXPECT_EQ(failure(encoded, {plain_signer(), false}), S3Code::SignatureDoesNotMatch);
}

TEST(AwsChunked, RefusesABrokenEncoding) {
  const std::string bad[] = {
      "",
      "5\r\nhel",
      "5\r\nhello\r\n",
      "5\r\nhelloX\r\n0\r\n\r\n",
      "\r\nhello\r\n0\r\n\r\n",
      "x\r\nhello\r\n0\r\n\r\n",
      "-5\r\nhello\r\n0\r\n\r\n",
      "1234567890123456\r\n",
      "0\r\n\r\nmore",
  };
  for (const std::string& encoded : bad) {
    EXPECT_EQ(failure(encoded, {std::nullopt, false}), S3Code::IncompleteBody) << encoded;
  }
  EXPECT_EQ(failure("0\r\nno colon\r\n\r\n", {std::nullopt, true}), S3Code::IncompleteBody);
}

TEST(AwsChunked, LimitsLinesAndTrailers) {
  EXPECT_EQ(failure(std::string(5000, '1'), {std::nullopt, false}), S3Code::InvalidRequest);
  std::string many = "0\r\n";
  for (int i = 0; i < 17; ++i) many += "a:b\r\n";
  EXPECT_EQ(failure(many + "\r\n", {std::nullopt, true}), S3Code::IncompleteBody);
}

}  // namespace
}  // namespace trainyard::gateway
