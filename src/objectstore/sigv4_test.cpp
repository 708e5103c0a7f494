// AWS's published vectors, and what a server must refuse.
#include "objectstore/sigv4.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "base/hash.hpp"
#include "base/strings.hpp"

namespace trainyard::objectstore::sigv4 {
namespace {

using http::Headers;

const TimePoint kSuiteTime = *parse_time("2015-08-30T12:36:00Z");
const TimePoint kS3Time = *parse_time("2013-05-24T00:00:00Z");

Credentials suite_credentials() {
  return {"AKIDEXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")};
}
Credentials s3_credentials() {
  return {"AKIAIOSFODNN7EXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")};
}

struct Vector {
  std::string name, method, path, query;
  Headers headers;
  std::string body, signature;
};

// aws-sig-v4-test-suite: service "service", region us-east-1.
std::vector<Vector> suite() {
  const Headers host{{"Host", "example.amazonaws.com"}};
  Headers trim = host;
  trim.add("My-Header1", " value1");
  trim.add("My-Header2", " \"a   b   c\"");
  Headers form{{"Content-Type", "application/x-www-form-urlencoded"},
               {"Host", "example.amazonaws.com"}};
  Headers twice = host;
  for (const char* value : {"value2", "value2", "value1"}) twice.add("My-Header1", value);
  Headers order = host;
  for (const char* value : {"value4", "value1", "value3", "value2"}) order.add("My-Header1", value);
  return {
      {"get-vanilla", "GET", "/", "", host, "",
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-vanilla-query-order-key-case", "GET", "/", "Param2=value2&Param1=value1", host, "",
       "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
      {"get-utf8", "GET", "/%E1%88%B4", "", host, "",
       "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
      {"get-header-value-trim", "GET", "/", "", trim, "",
       "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
      {"get-header-key-duplicate", "GET", "/", "", twice, "",
       "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
      {"get-header-value-order", "GET", "/", "", order, "",
       "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
      {"post-vanilla", "POST", "/", "", host, "",
       "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {"post-x-www-form-urlencoded", "POST", "/", "", form, "Param1=value1",
       "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
  };
}

TEST(SigV4, SignsTheAwsTestSuite) {
  for (const Vector& v : suite()) {
    const Signature signature =
        sign({v.method, v.path, v.query, v.headers}, to_hex(digest(Digest::Sha256, v.body)),
             suite_credentials(), {"us-east-1", "service"}, kSuiteTime);
    EXPECT_EQ(signature.value, v.signature) << v.name;
  }
}

// "Signature Calculations for the Authorization Header: Transferring Payload in a Single Chunk"
std::vector<Vector> s3_examples() {
  const std::pair<std::string, std::string> host{"Host", "examplebucket.s3.amazonaws.com"};
  return {
      {"GET object",
       "GET",
       "/test.txt",
       "",
       {host, {"Range", "bytes=0-9"}},
       "",
       "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
      {"PUT object",
       "PUT",
       "/test%24file.text",
       "",
       {host,
        {"Date", "Fri, 24 May 2013 00:00:00 GMT"},
        {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
       "Welcome to Amazon S3.",
       "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
      {"GET bucket lifecycle",
       "GET",
       "/",
       "lifecycle",
       {host},
       "",
       "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
      {"list objects",
       "GET",
       "/",
       "max-keys=2&prefix=J",
       {host},
       "",
       "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
  };
}

TEST(SigV4, SignsTheS3Examples) {
  for (const Vector& v : s3_examples()) {
    const Signature signature =
        sign({v.method, v.path, v.query, v.headers}, to_hex(digest(Digest::Sha256, v.body)),
             s3_credentials(), {}, kS3Time);
    EXPECT_EQ(signature.value, v.signature) << v.name;
  }
}

// A thread keeps the key that it made last: one of another secret, day, region or service is not
// that.
TEST(SigV4, TheKeyIsThatOfTheRequest) {
  struct Row {
    std::string secret;
    Scope scope;
    TimePoint time;
  };
  const Headers headers{{"Host", "h"}};
  const auto signature = [&](const Row& row) {
    return sign({"GET", "/", "", headers}, kEmptyPayload, {"A", Secret(row.secret)}, row.scope,
                row.time)
        .value;
  };
  const auto by_new_thread = [&](const Row& row) {
    std::string value;
    std::jthread([&] { value = signature(row); }).join();
    return value;
  };
  const Row row{"one", {}, kS3Time};
  for (const Row& other : {Row{"two", {}, kS3Time}, Row{"one", {"eu", "s3"}, kS3Time},
                           Row{"one", {"us-east-1", "sts"}, kS3Time},
                           Row{"one", {}, kS3Time + std::chrono::hours(24)}}) {
    EXPECT_EQ(signature(row), by_new_thread(row));
    EXPECT_EQ(signature(other), by_new_thread(other));
    EXPECT_EQ(signature(other), by_new_thread(other));
  }
}

TEST(SigV4, WritesTheAuthorizationHeaderOfTheS3Example) {
  const Headers headers{{"Host", "examplebucket.s3.amazonaws.com"}, {"Range", "bytes=0-9"}};
  const Signature signature =
      sign({"GET", "/test.txt", "", headers}, kEmptyPayload, s3_credentials(), {}, kS3Time);
  const auto& items = signature.headers.items();
  ASSERT_EQ(items.size(), 3u);
  EXPECT_EQ(items[0], (std::pair<std::string, std::string>{"X-Amz-Date", "20130524T000000Z"}));
  EXPECT_EQ(items[1].second, kEmptyPayload);
  EXPECT_EQ(items[2].second,
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(SigV4, PresignsTheS3Example) {
  const Headers headers{{"Host", "examplebucket.s3.amazonaws.com"}};
  EXPECT_EQ(presign({"GET", "/test.txt", "", headers}, s3_credentials(), {}, kS3Time,
                    std::chrono::hours(24)),
            "X-Amz-Algorithm=AWS4-HMAC-SHA256"
            "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
            "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
            "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST(SigV4, PresignRefusesALifeOfMoreThanAWeekOrNone) {
  const Headers headers{{"Host", "h"}};
  const Message message{"GET", "/a", "", headers};
  EXPECT_THROW(presign(message, s3_credentials(), {}, kS3Time, std::chrono::hours(169)), Error);
  EXPECT_THROW(presign(message, s3_credentials(), {}, kS3Time, std::chrono::seconds(0)), Error);
}

// "Transferring Payload in Multiple Chunks": 65 KiB of 'a' in chunks of 64 KiB.
TEST(SigV4, SignsTheChunkedUploadExample) {
  const Headers headers{{"Host", "s3.amazonaws.com"},
                        {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                        {"Content-Encoding", "aws-chunked"},
                        {"x-amz-decoded-content-length", "66560"},
                        {"Content-Length", "66824"}};
  const Signature seed = sign({"PUT", "/examplebucket/chunkObject.txt", "", headers},
                              kStreamingSigned, s3_credentials(), {}, kS3Time);
  EXPECT_EQ(seed.value, "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");

  ChunkSigner signer(s3_credentials().secret_key, {}, "20130524T000000Z", seed.value);
  EXPECT_EQ(signer.next(to_hex(digest(Digest::Sha256, std::string(65536, 'a')))),
            "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648");
  EXPECT_EQ(signer.next(to_hex(digest(Digest::Sha256, std::string(1024, 'a')))),
            "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497");
  EXPECT_EQ(signer.next(kEmptyPayload),
            "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9");
}

// "Including Trailing Headers": the same body, with its CRC32C after it.
TEST(SigV4, SignsTheTrailerExample) {
  const Headers headers{{"Host", "s3.amazonaws.com"},
                        {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                        {"Content-Encoding", "aws-chunked"},
                        {"x-amz-decoded-content-length", "66560"},
                        {"x-amz-trailer", "x-amz-checksum-crc32c"}};
  const Signature seed = sign({"PUT", "/examplebucket/chunkObject.txt", "", headers},
                              kStreamingSignedTrailer, s3_credentials(), {}, kS3Time);
  EXPECT_EQ(seed.value, "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e");

  ChunkSigner signer(s3_credentials().secret_key, {}, "20130524T000000Z", seed.value);
  signer.next(to_hex(digest(Digest::Sha256, std::string(65536, 'a'))));
  signer.next(to_hex(digest(Digest::Sha256, std::string(1024, 'a'))));
  EXPECT_EQ(signer.next(kEmptyPayload),
            "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992");
  EXPECT_EQ(signer.trailer("x-amz-checksum-crc32c:sOO8/Q==\n"),
            "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435");
}

// Any legal spelling of one key is one signature; S3 keeps dots and double slashes.
TEST(SigV4, CanonicalPathIsTheSameForEverySpelling) {
  const Headers headers{{"Host", "h"}};
  const auto line = [&](std::string_view path, std::string_view query) {
    return split(canonical_request({"GET", path, query, headers}, {"host"}, "x"), '\n');
  };
  EXPECT_EQ(line("/b/a%20(1)+%7E%c3%a9//../x", "")[1], "/b/a%20%281%29%2B~%C3%A9//../x");
  EXPECT_EQ(line("/", "b=2&a=%2f&a=+&acl&b=1")[2], "a=%20&a=%2F&acl=&b=1&b=2");
}

class Verification : public testing::Test {
 protected:
  // `headers` as a client sends them, signature included.
  void header_signed(Headers headers) {
    const Signature signature =
        sign({method, path, query, headers}, kEmptyPayload, s3_credentials(), {}, kS3Time);
    sent = headers;
    for (const auto& [name, value] : signature.headers.items()) sent.add(name, value);
  }
  Message message() const { return {method, path, query, sent}; }
  std::optional<Refusal> outcome(TimePoint now = kS3Time) const {
    try {
      verify(parse(message()), message(), s3_credentials().secret_key, now);
      return std::nullopt;
    } catch (const Refused& refused) {
      EXPECT_EQ(refused.kind(), ErrorKind::Unauthenticated);
      EXPECT_EQ(std::string(refused.what()).find("wJalr"), std::string::npos);
      return refused.refusal();
    }
  }

  std::string method = "GET", path = "/b/k%20ey", query = "versions&prefix=a%2Fb";
  Headers sent;
};

TEST_F(Verification, AcceptsWhatWasSigned) {
  header_signed({{"Host", "127.0.0.1:9000"}, {"x-amz-meta-a", "b"}});
  EXPECT_EQ(outcome(), std::nullopt);
  EXPECT_EQ(outcome(kS3Time + std::chrono::minutes(15)), std::nullopt);
  EXPECT_EQ(outcome(kS3Time - std::chrono::minutes(15)), std::nullopt);
  EXPECT_EQ(parse(message()).access_key, "AKIAIOSFODNN7EXAMPLE");
  EXPECT_EQ(parse(message()).payload_hash, kEmptyPayload);
}

TEST_F(Verification, AcceptsAnotherSpellingOfThePath) {
  header_signed({{"Host", "h"}});
  path = "/b/%6B%20ey";
  EXPECT_EQ(outcome(), std::nullopt);
}

TEST_F(Verification, RefusesEveryChange) {
  const Headers headers{{"Host", "h"}, {"x-amz-meta-a", "b"}};
  header_signed(headers);
  method = "PUT";
  EXPECT_EQ(outcome(), Refusal::Mismatch);
  method = "GET";
  path = "/b/other";
  EXPECT_EQ(outcome(), Refusal::Mismatch);
  path = "/b/k%20ey";
  query += "&x=1";
  EXPECT_EQ(outcome(), Refusal::Mismatch);
  query = "versions&prefix=a%2Fb";
  EXPECT_EQ(outcome(), std::nullopt);

  Headers changed;
  for (auto [name, value] : sent.items()) changed.add(name, name == "x-amz-meta-a" ? "c" : value);
  sent = changed;
  EXPECT_EQ(outcome(), Refusal::Mismatch);
}

TEST_F(Verification, RefusesTheWrongSecret) {
  header_signed({{"Host", "h"}});
  EXPECT_THROW(verify(parse(message()), message(), Secret("other"), kS3Time), Refused);
}

TEST_F(Verification, RefusesAClockThatIsOff) {
  header_signed({{"Host", "h"}});
  EXPECT_EQ(outcome(kS3Time + std::chrono::minutes(16)), Refusal::ClockSkew);
  EXPECT_EQ(outcome(kS3Time - std::chrono::minutes(16)), Refusal::ClockSkew);
}

TEST_F(Verification, RefusesAnAmazonHeaderThatIsNotSigned) {
  header_signed({{"Host", "h"}});
  sent.add("x-amz-copy-source", "/b/secret");
  EXPECT_EQ(outcome(), Refusal::HeadersNotSigned);
}

TEST_F(Verification, RefusesWithoutCredentials) {
  sent = Headers{{"Host", "h"}};
  EXPECT_EQ(outcome(), Refusal::Anonymous);
}

TEST_F(Verification, NamesOtherMechanisms) {
  for (const char* text : {"AWS AKID:c2ln", "Basic YTpi", "AWS4-ECDSA-P256-SHA256 Credential=a",
                           "AWS4-HMAC-SHA256X Credential=a"}) {
    sent = Headers{{"Authorization", text}};
    EXPECT_EQ(outcome(), Refusal::OtherMechanism) << text;
  }
  sent = {};
  query = "AWSAccessKeyId=a&Expires=1&Signature=b";
  EXPECT_EQ(outcome(), Refusal::OtherMechanism);
}

TEST_F(Verification, RefusesMalformedHeaders) {
  const std::string good_credential = "Credential=AK/20130524/us-east-1/s3/aws4_request";
  const std::string good_signature = "Signature=" + std::string(64, 'a');
  const std::vector<std::string> bad = {
      "AWS4-HMAC-SHA256 ",
      "AWS4-HMAC-SHA256 " + good_credential,
      "AWS4-HMAC-SHA256 " + good_credential + ",SignedHeaders=host",
      "AWS4-HMAC-SHA256 " + good_credential + ",SignedHeaders=," + good_signature,
      "AWS4-HMAC-SHA256 Credential=AK/20130524/s3/aws4_request,SignedHeaders=host," +
          good_signature,
      "AWS4-HMAC-SHA256 Credential=/20130524/r/s3/aws4_request,SignedHeaders=host," +
          good_signature,
      "AWS4-HMAC-SHA256 Credential=AK/20130524/r/ec2/aws4_request,SignedHeaders=host," +
          good_signature,
      "AWS4-HMAC-SHA256 Credential=AK/20130525/r/s3/aws4_request,SignedHeaders=host," +
          good_signature,
      "AWS4-HMAC-SHA256 " + good_credential + ",SignedHeaders=host,Signature=zz",
      "AWS4-HMAC-SHA256 " + good_credential +
          ",SignedHeaders=host,Signature=" + std::string(64, 'A'),
      "AWS4-HMAC-SHA256 " + good_credential + "," + good_credential + ",SignedHeaders=host," +
          good_signature,
  };
  for (const std::string& text : bad) {
    sent = Headers{{"Authorization", text},
                   {"x-amz-date", "20130524T000000Z"},
                   {"x-amz-content-sha256", std::string(kEmptyPayload)}};
    EXPECT_EQ(outcome(), Refusal::MalformedHeader) << text;
  }
}

TEST_F(Verification, RequiresDateAndPayloadHash) {
  const std::string authorization =
      "AWS4-HMAC-SHA256 Credential=AK/20130524/us-east-1/s3/aws4_request,SignedHeaders=host,"
      "Signature=" +
      std::string(64, 'a');
  sent = Headers{{"Authorization", authorization}, {"x-amz-date", "20130524T000000Z"}};
  EXPECT_EQ(outcome(), Refusal::MissingPayloadHash);
  sent = Headers{{"Authorization", authorization}, {"x-amz-content-sha256", "UNSIGNED-PAYLOAD"}};
  EXPECT_EQ(outcome(), Refusal::MalformedHeader);
}

class Presigned : public Verification {
 protected:
  void presigned(std::chrono::seconds life) {
    sent = Headers{{"Host", "h"}};
    query = presign({"GET", path, "response-content-type=text%2Fplain", sent}, s3_credentials(), {},
                    kS3Time, life);
  }
};

TEST_F(Presigned, IsGoodForItsLife) {
  presigned(std::chrono::hours(1));
  EXPECT_EQ(outcome(), std::nullopt);
  EXPECT_EQ(outcome(kS3Time + std::chrono::hours(1)), std::nullopt);
  EXPECT_EQ(outcome(kS3Time + std::chrono::hours(1) + Milliseconds(1)), Refusal::Expired);
  EXPECT_EQ(outcome(kS3Time - std::chrono::minutes(16)), Refusal::NotYetValid);
  EXPECT_EQ(parse(message()).payload_hash, kUnsignedPayload);
}

TEST_F(Presigned, CannotBeStretchedOrExtended) {
  presigned(std::chrono::hours(1));
  const std::string good = query;
  query.replace(query.find("Expires=3600"), 12, "Expires=7200");
  EXPECT_EQ(outcome(), Refusal::Mismatch);
  query = good + "&response-content-type=x";
  EXPECT_EQ(outcome(), Refusal::Mismatch);
}

TEST_F(Presigned, TakesNoUnsignedAmazonHeaderButThePayloadHash) {
  presigned(std::chrono::hours(1));
  sent.add("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
  EXPECT_EQ(outcome(), std::nullopt);
  sent.add("x-amz-acl", "private");
  EXPECT_EQ(outcome(), Refusal::HeadersNotSigned);
}

TEST_F(Presigned, RefusesMalformedParameters) {
  presigned(std::chrono::hours(1));
  const std::string good = query;
  const std::vector<std::pair<std::string, std::string>> edits = {
      {"X-Amz-Expires=3600", "X-Amz-Expires=604801"},
      {"X-Amz-Expires=3600", "X-Amz-Expires=-1"},
      {"X-Amz-Expires=3600", "X-Amz-Expires="},
      {"X-Amz-Date=20130524T000000Z", "X-Amz-Date=2013"},
      {"X-Amz-Date=20130524T000000Z", "X-Amz-Date=20130525T000000Z"},
      {"X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders="},
      {"X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Algorithm=AWS4-HMAC-SHA1"},
      {"%2Fs3%2F", "%2Fec2%2F"},
  };
  for (const auto& [from, to] : edits) {
    query = good;
    query.replace(query.find(from), from.size(), to);
    EXPECT_EQ(outcome(), Refusal::MalformedQuery) << to;
  }
}

}  // namespace
}  // namespace trainyard::objectstore::sigv4
