#include "gateway/xml.hpp"

#include <gtest/gtest.h>

#include "gateway/s3_error.hpp"
#include "gateway/xml_requests.hpp"

namespace trainyard::gateway {
namespace {

constexpr const char* kDeclaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

bool malformed(const std::function<void()>& parse) {
  try {
    parse();
    return false;
  } catch (const S3Error& error) {
    return error.code() == S3Code::MalformedXML;
  }
}

TEST(XmlWriter, EscapesWhatXmlNeeds) {
  XmlWriter xml;
  xml.open("R", "ns");
  xml.key("K", "a&<>\"'\n\x01 \xc3\xa9", KeyEncoding::Plain);
  xml.key("K", "a b+/\n%\xc3\xa9", KeyEncoding::Url);
  xml.element("N", std::uint64_t(7));
  xml.close();
  EXPECT_EQ(xml.take(), std::string(kDeclaration) +
                            "<R xmlns=\"ns\"><K>a&amp;&lt;&gt;&quot;'&#xa;&#x1; \xc3\xa9</K>"
                            "<K>a%20b%2B/%0A%25%C3%A9</K><N>7</N></R>");
}

TEST(DeleteRequest, IsRead) {
  const DeleteRequest request = parse_delete(
      "<?xml version=\"1.0\"?><Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
      "<Quiet>true</Quiet><Object><Key>a&amp;b&#13;&#10; </Key></Object>"
      "<Object><Key> </Key><VersionId>null</VersionId></Object></Delete>");
  EXPECT_TRUE(request.quiet);
  ASSERT_EQ(request.items.size(), 2u);
  EXPECT_EQ(request.items[0].key, "a&b\r\n ");
  EXPECT_EQ(request.items[1].key, " ");
  EXPECT_EQ(request.items[1].version, "null");
}

TEST(DeleteRequest, HasOneToAThousandKeys) {
  const auto keys = [](int count) {
    std::string xml = "<Delete>";
    for (int i = 0; i < count; ++i) xml += "<Object><Key>k</Key></Object>";
    return xml + "</Delete>";
  };
  EXPECT_EQ(parse_delete(keys(1000)).items.size(), 1000u);
  EXPECT_FALSE(parse_delete(keys(1)).quiet);
  EXPECT_TRUE(malformed([&] { parse_delete(keys(0)); }));
  EXPECT_TRUE(malformed([&] { parse_delete(keys(1001)); }));
}

TEST(DeleteRequest, RefusesOtherDocuments) {
  for (const char* xml : {"", "x", "<Delete>", "<Other><Object><Key>k</Key></Object></Other>",
                          "<Delete><Object></Object></Delete>"}) {
    EXPECT_TRUE(malformed([&] { parse_delete(xml); })) << xml;
  }
}

TEST(CompleteRequest, IsRead) {
  const CompleteRequest request = parse_complete(
      "<CompleteMultipartUpload><Part><ETag>\"abc\"</ETag><PartNumber>1</PartNumber>"
      "<ChecksumCRC32>AAAAAA==</ChecksumCRC32></Part>"
      "<Part><PartNumber> 2 </PartNumber><ETag>def</ETag></Part></CompleteMultipartUpload>");
  ASSERT_EQ(request.parts.size(), 2u);
  EXPECT_EQ(request.parts[0].number, 1);
  EXPECT_EQ(request.parts[0].etag, "abc");
  ASSERT_EQ(request.parts[0].checksums.size(), 1u);
  EXPECT_EQ(request.parts[0].checksums[0].first, "ChecksumCRC32");
  EXPECT_EQ(request.parts[0].checksums[0].second, "AAAAAA==");
  EXPECT_EQ(request.parts[1].number, 2);
  EXPECT_EQ(request.parts[1].etag, "def");
}

TEST(CompleteRequest, RefusesBadNumbersAndTooManyParts) {
  const auto with_number = [](const std::string& number) {
    return "<CompleteMultipartUpload><Part><PartNumber>" + number +
           "</PartNumber><ETag>e</ETag></Part></CompleteMultipartUpload>";
  };
  for (const char* number : {"", "0", "-1", "10001", "x"}) {
    EXPECT_TRUE(malformed([&] { parse_complete(with_number(number)); })) << number;
  }
  EXPECT_TRUE(malformed([] { parse_complete("<CompleteMultipartUpload/>"); }));
  std::string many = "<CompleteMultipartUpload>";
  for (int i = 0; i < 10'001; ++i) {
    many += "<Part><PartNumber>1</PartNumber><ETag>e</ETag></Part>";
  }
  EXPECT_TRUE(malformed([&] { parse_complete(many + "</CompleteMultipartUpload>"); }));
}

TEST(LocationConstraint, IsOptional) {
  EXPECT_EQ(parse_location(""), std::nullopt);
  EXPECT_EQ(parse_location("<CreateBucketConfiguration/>"), std::nullopt);
  EXPECT_EQ(parse_location("<CreateBucketConfiguration><LocationConstraint>eu-west-1"
                           "</LocationConstraint></CreateBucketConfiguration>"),
            "eu-west-1");
  EXPECT_TRUE(malformed([] { parse_location("<Create>"); }));
}

// An entity is not expanded, so a document cannot grow while it is read.
TEST(XmlRequests, DoNotExpandEntities) {
  const DeleteRequest request = parse_delete(
      "<!DOCTYPE d [<!ENTITY a \"xxxx\">]><Delete><Object><Key>&a;</Key></Object>"
      "</Delete>");
  EXPECT_EQ(request.items[0].key, "&a;");
}

}  // namespace
}  // namespace trainyard::gateway
