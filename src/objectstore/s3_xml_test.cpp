#include "objectstore/s3_xml.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace trainyard::objectstore::s3 {
namespace {

constexpr std::string_view kVersion2 = R"(<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Name>mnist</Name><Prefix></Prefix><NextContinuationToken>1/a+b=</NextContinuationToken>
  <KeyCount>2</KeyCount><MaxKeys>2</MaxKeys><EncodingType>url</EncodingType>
  <IsTruncated>true</IsTruncated>
  <Contents><Key>a+b%2B/%C3%A9%0A</Key><LastModified>2020-01-01T00:00:00.000Z</LastModified>
    <ETag>&quot;9a0364b9e99bb480dd25e1f0284c8555&quot;</ETag><Size>7</Size></Contents>
  <Contents><Key>z</Key><ETag>abc-3</ETag><Size>18446744073709551615</Size></Contents>
</ListBucketResult>)";

TEST(S3Xml, ReadsAPageOfVersion2) {
  const Listing listing = parse_listing(kVersion2);
  EXPECT_TRUE(listing.truncated);
  EXPECT_TRUE(listing.version2);
  EXPECT_EQ(listing.continuation, "1/a+b=");
  ASSERT_EQ(listing.objects.size(), 2u);
  EXPECT_EQ(listing.objects[0].key, "a b+/\xc3\xa9\n");
  EXPECT_EQ(listing.objects[0].etag, "9a0364b9e99bb480dd25e1f0284c8555");
  EXPECT_EQ(listing.objects[0].size, 7u);
  EXPECT_EQ(listing.objects[1].etag, "abc-3");
  EXPECT_EQ(listing.objects[1].size, ~std::uint64_t(0));
}

TEST(S3Xml, ReadsWhichChecksumOfTheWholeThereIs) {
  const auto checksum = [](const std::string& elements) {
    return parse_listing(
               "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>k</Key>" +
               elements + "<Size>1</Size></Contents></ListBucketResult>")
        .objects.at(0)
        .checksum;
  };
  const std::string whole = "<ChecksumType>FULL_OBJECT</ChecksumType>";
  EXPECT_EQ(checksum("<ChecksumAlgorithm>CRC32C</ChecksumAlgorithm>" + whole),
            (Checksum{ChecksumAlgorithm::Crc32c, ChecksumType::FullObject, ""}));
  EXPECT_FALSE(
      checksum("<ChecksumAlgorithm>CRC32C</ChecksumAlgorithm>"
               "<ChecksumType>COMPOSITE</ChecksumType>"));
  EXPECT_FALSE(checksum("<ChecksumAlgorithm>CRC32C</ChecksumAlgorithm>"));
  EXPECT_FALSE(checksum("<ChecksumAlgorithm>CRC9</ChecksumAlgorithm>" + whole));
  EXPECT_FALSE(checksum(whole));
}

TEST(S3Xml, ReadsVersion1WithPrefixedElementsAndRawKeys) {
  const Listing listing = parse_listing(
      "<s3:ListBucketResult xmlns:s3='x'><s3:IsTruncated>false</s3:IsTruncated>"
      "<s3:Contents><s3:Key>a%20b+c &amp; d</s3:Key><s3:Size>0</s3:Size></s3:Contents>"
      "<s3:Contents><s3:Key> </s3:Key><s3:Size>1</s3:Size></s3:Contents>"
      "</s3:ListBucketResult>");
  EXPECT_FALSE(listing.version2);
  EXPECT_FALSE(listing.truncated);
  ASSERT_EQ(listing.objects.size(), 2u);
  EXPECT_EQ(listing.objects[0].key, "a%20b+c & d");
  EXPECT_EQ(listing.objects[0].etag, "");
  EXPECT_EQ(listing.objects[1].key, " ");
}

TEST(S3Xml, RefusesWhatIsNoListing) {
  for (const std::string_view text :
       {"", "<html><body>welcome</body></html>", "<ListBucketResult><Contents>", "{\"a\":1}",
        "<ListBucketResult><IsTruncated>false</IsTruncated>"
        "<Contents><Key>a</Key><Size>x</Size></Contents></ListBucketResult>",
        "<ListBucketResult><IsTruncated>false</IsTruncated>"
        "<Contents><Key></Key><Size>1</Size></Contents></ListBucketResult>",
        "<ListBucketResult><IsTruncated>false</IsTruncated><EncodingType>url</EncodingType>"
        "<Contents><Key>%zz</Key><Size>1</Size></Contents></ListBucketResult>",
        "<ListBucketResult><IsTruncated>tru</IsTruncated></ListBucketResult>",
        "<ListBucketResult/>",
        "<ListBucketResult><IsTruncated>true</IsTruncated><KeyCount>0</KeyCount>"
        "</ListBucketResult>"}) {
    try {
      parse_listing(text);
      ADD_FAILURE() << "taken: " << text;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::Corrupt);
    }
  }
  EXPECT_THROW(parse_listing(std::string(kMaxXml + 1, ' ')), Error);
}

TEST(S3Xml, ReadsErrors) {
  const auto error = parse_error(
      "<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region 'a' is wrong</Message>"
      "<Region>eu-west-1</Region></Error>");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, "AuthorizationHeaderMalformed");
  EXPECT_EQ(error->region, "eu-west-1");
  EXPECT_EQ(error->message, "the region 'a' is wrong");
  EXPECT_FALSE(parse_error("<html>not found</html>"));
  EXPECT_FALSE(parse_error(""));
  EXPECT_EQ(parse_error("<Error><Code>NoSuchKey</Code><Message/></Error>")->message, "");
}

TEST(S3Xml, ReadsAndWritesUploadsInParts) {
  EXPECT_EQ(parse_upload_id("<InitiateMultipartUploadResult><UploadId>2~x/y</UploadId>"
                            "</InitiateMultipartUploadResult>"),
            "2~x/y");
  EXPECT_THROW(parse_upload_id("<InitiateMultipartUploadResult/>"), Error);
  EXPECT_EQ(complete_upload_body({{"aa", ""}, {"bb", "AAAAAAAAAAA="}}),
            "<CompleteMultipartUpload>"
            "<Part><PartNumber>1</PartNumber><ETag>&quot;aa&quot;</ETag></Part>"
            "<Part><PartNumber>2</PartNumber><ETag>&quot;bb&quot;</ETag>"
            "<ChecksumCRC64NVME>AAAAAAAAAAA=</ChecksumCRC64NVME></Part>"
            "</CompleteMultipartUpload>");
  const auto completed = [](std::string_view more) {
    return parse_completed("  \n<CompleteMultipartUploadResult><ETag>abc-2</ETag>" +
                           std::string(more) + "</CompleteMultipartUploadResult>");
  };
  EXPECT_EQ(completed("").etag, "abc-2");
  EXPECT_FALSE(completed("<ChecksumCRC64NVME>short</ChecksumCRC64NVME>").checksum);
  EXPECT_EQ(completed("<ChecksumCRC64NVME>AAAAAAAAAAA=</ChecksumCRC64NVME>").checksum->value,
            "AAAAAAAAAAA=");
}

}  // namespace
}  // namespace trainyard::objectstore::s3
