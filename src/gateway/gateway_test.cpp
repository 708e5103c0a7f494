// The store as its clients see it: buckets, objects, listings, sub-resources, authentication.
#include "gateway/gateway.hpp"

#include "db/database.hpp"
#include "gateway/gateway_fixture.hpp"

namespace trainyard::gateway::testing_support {
namespace {

using http::Headers;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Strings = std::vector<std::string>;

std::string md5_hex(const std::string& bytes) { return to_hex(digest(Digest::Md5, bytes)); }

class Buckets : public GatewayTest {};

TEST_F(Buckets, AreMadeListedAndRemoved) {
  EXPECT_EQ(s3->put("/another").header("Location"), "/another");
  const Reply list = s3->get("/");
  EXPECT_THAT(elements(list.body, "Name"), ElementsAre("another", "bucket"));
  EXPECT_EQ(element(list.body, "CreationDate"), "2024-05-01T10:00:00.250Z");
  EXPECT_EQ(s3->head("/another").header("x-amz-bucket-region"), "us-east-1");
  EXPECT_EQ(s3->remove("/another").status, 204);
  EXPECT_EQ(s3->head("/another").status, 404);
  EXPECT_EQ(s3->remove("/another").code(), "NoSuchBucket");
}

TEST_F(Buckets, CanBeMadeAgainInTheOldestRegionOnly) {
  EXPECT_EQ(s3->put("/bucket").status, 200);
  region = "eu-west-1";
  open();
  const Reply again = s3->put("/bucket");
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.code(), "BucketAlreadyOwnedByYou");
}

TEST_F(Buckets, WithBadNamesOrLocationsAreRefused) {
  EXPECT_EQ(s3->put("/Bad_Name").code(), "InvalidBucketName");
  const std::string location =
      "<CreateBucketConfiguration><LocationConstraint>mars-1</LocationConstraint>"
      "</CreateBucketConfiguration>";
  EXPECT_EQ(s3->put("/located", location).code(), "InvalidLocationConstraint");
  EXPECT_EQ(s3->put("/located", "<nonsense").code(), "MalformedXML");
}

TEST_F(Buckets, ThatHoldObjectsStay) {
  s3->put("/bucket/key", "x");
  const Reply reply = s3->remove("/bucket");
  EXPECT_EQ(reply.status, 409);
  EXPECT_EQ(reply.code(), "BucketNotEmpty");
}

TEST_F(Buckets, NameTheirLocation) {
  EXPECT_THAT(s3->get("/bucket?location").body,
              HasSubstr("<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                        "</LocationConstraint>"));
  region = "eu-west-1";
  open();
  EXPECT_EQ(element(s3->get("/bucket?location").body, "LocationConstraint"), "eu-west-1");
}

TEST_F(Buckets, CanBeMadeInProcess) {
  EXPECT_TRUE(gateway->create_bucket("inside"));
  EXPECT_FALSE(gateway->create_bucket("inside"));
  EXPECT_THROW(gateway->create_bucket("No"), Error);
  s3->put("/inside/a", "12345");
  const Usage usage = gateway->usage();
  EXPECT_EQ(usage.buckets, 2u);
  EXPECT_EQ(usage.objects, 1u);
  EXPECT_EQ(usage.bytes, 5u);
}

class Objects : public GatewayTest {};

TEST_F(Objects, ComeBackWithTheirHeaders) {
  const Reply put = s3->put("/bucket/dir/key", "hello",
                            {{"Content-Type", "text/plain"},
                             {"Cache-Control", "no-cache"},
                             {"x-amz-meta-color", "dark red"}});
  EXPECT_EQ(put.status, 200);
  EXPECT_EQ(put.header("ETag"), "\"5d41402abc4b2a76b9719d911017c592\"");
  for (const char* method : {"GET", "HEAD"}) {
    const Reply reply = s3->call(method, "/bucket/dir/key");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, std::string(method) == "GET" ? "hello" : "");
    EXPECT_EQ(reply.header("Content-Length"), "5");
    EXPECT_EQ(reply.header("Content-Type"), "text/plain");
    EXPECT_EQ(reply.header("Cache-Control"), "no-cache");
    EXPECT_EQ(reply.header("x-amz-meta-color"), "dark red");
    EXPECT_EQ(reply.header("ETag"), "\"5d41402abc4b2a76b9719d911017c592\"");
    EXPECT_EQ(reply.header("Last-Modified"), "Wed, 01 May 2024 10:00:00 GMT");
    EXPECT_EQ(reply.header("Accept-Ranges"), "bytes");
    EXPECT_NE(reply.header("x-amz-request-id"), "(none)");
  }
}

TEST_F(Objects, OfEverySizeComeBack) {
  for (const std::size_t size : {0u, 1u, 8191u, 8192u, 8193u, 300'000u, 3'000'000u}) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = char(i * 31 + i / 251);
    const std::string target = "/bucket/" + std::to_string(size);
    ASSERT_EQ(s3->put(target, bytes).header("ETag"), '"' + md5_hex(bytes) + '"');
    EXPECT_EQ(s3->get(target).body, bytes) << size;
  }
}

TEST_F(Objects, AreReplacedAndRemovedWithTheirBlobs) {
  const auto blobs = [&] {
    Strings out;
    for (const auto& entry : fs::recursive_directory_iterator(dir.path() / "store" / "blobs")) {
      if (entry.is_regular_file()) out.push_back(entry.path().string());
    }
    return out;
  };
  const std::string first(20'000, '1'), second(30'000, '2');
  s3->put("/bucket/key", first);
  s3->put("/bucket/key", second);
  EXPECT_EQ(s3->get("/bucket/key").body, second);
  EXPECT_EQ(blobs().size(), 1u);
  EXPECT_EQ(s3->remove("/bucket/key").status, 204);
  EXPECT_EQ(s3->remove("/bucket/key").status, 204);
  EXPECT_EQ(s3->get("/bucket/key").code(), "NoSuchKey");
  EXPECT_THAT(blobs(), IsEmpty());
}

TEST_F(Objects, SurviveARestart) {
  const std::string large(100'000, 'l');
  s3->put("/bucket/small", "s");
  s3->put("/bucket/large", large);
  open();
  EXPECT_EQ(s3->get("/bucket/small").body, "s");
  EXPECT_EQ(s3->get("/bucket/large").body, large);
}

TEST_F(Objects, TakeAnyKey) {
  Strings keys = {"plain",
                  "with space",
                  "plus+plus",
                  "per%cent",
                  "%20",
                  "a//b",
                  "/lead",
                  "x",
                  "x/y",
                  "x/",
                  "dot/../up",
                  "..",
                  "./.",
                  "\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80",
                  "?#&=;",
                  "'\"<xml>",
                  "tab\there",
                  "line\nfeed",
                  "\x01",
                  "~*()!'",
                  std::string(1024, 'k')};
  for (const std::string& key : keys) {
    const std::string target = "/bucket/" + percent_encode(key, Slash::Keep);
    ASSERT_EQ(s3->put(target, "of " + key).status, 200) << key;
    EXPECT_EQ(s3->get(target).body, "of " + key);
  }
  std::sort(keys.begin(), keys.end());
  Strings listed;
  for (const auto& key : elements(s3->get("/bucket?list-type=2&encoding-type=url").body, "Key")) {
    listed.push_back(percent_decode(key).value());
  }
  EXPECT_EQ(listed, keys);

  std::string request = "<Delete>";
  for (const std::string& key : keys) {
    std::string escaped;
    for (const unsigned char c : key) escaped += "&#" + std::to_string(c) + ";";
    if (valid_utf8(key) && std::all_of(key.begin(), key.end(), [](char c) { return c >= 0; })) {
      request += "<Object><Key>" + escaped + "</Key></Object>";
    } else {
      request += "<Object><Key>" + key + "</Key></Object>";
    }
  }
  const Reply reply = s3->post("/bucket?delete", request + "</Delete>");
  EXPECT_EQ(elements(reply.body, "Deleted").size(), keys.size());
  EXPECT_EQ(s3->remove("/bucket").status, 204);
}

TEST_F(Objects, RefuseKeysThatAreTooLong) {
  const Reply reply = s3->put("/bucket/" + std::string(1025, 'k'), "x");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.code(), "KeyTooLongError");
  EXPECT_EQ(s3->put("/bucket/%ff", "x").code(), "InvalidURI");
}

TEST_F(Objects, AnswerRanges) {
  for (const std::string target : {"/bucket/small", "/bucket/large"}) {
    const std::string bytes = target.ends_with("small") ? std::string("0123456789")
                                                        : std::string(50'000, 'x') + "0123456789";
    s3->put(target, bytes);
    const std::size_t n = bytes.size();
    const Reply reply = s3->get(target, {{"Range", "bytes=-4"}});
    EXPECT_EQ(reply.status, 206);
    EXPECT_EQ(reply.body, "6789");
    EXPECT_EQ(reply.header("Content-Range"), "bytes " + std::to_string(n - 4) + "-" +
                                                 std::to_string(n - 1) + "/" + std::to_string(n));
    const Reply head = s3->head(target, {{"Range", "bytes=2-5"}});
    EXPECT_EQ(head.status, 206);
    EXPECT_EQ(head.header("Content-Length"), "4");
    EXPECT_EQ(s3->get(target, {{"Range", "bytes=0-1,3-4"}}).body, bytes);
    const Reply beyond = s3->get(target, {{"Range", "bytes=99999-"}});
    EXPECT_EQ(beyond.status, 416);
    EXPECT_EQ(beyond.code(), "InvalidRange");
    EXPECT_EQ(element(beyond.body, "ActualObjectSize"), std::to_string(n));
  }
}

TEST_F(Objects, AnswerConditions) {
  const std::string etag = s3->put("/bucket/key", "hello").header("ETag");
  EXPECT_EQ(s3->get("/bucket/key", {{"If-Match", etag}}).status, 200);
  const Reply failed = s3->get("/bucket/key", {{"If-Match", "\"other\""}});
  EXPECT_EQ(failed.status, 412);
  EXPECT_EQ(failed.code(), "PreconditionFailed");
  const Reply unchanged = s3->get("/bucket/key", {{"If-None-Match", etag}});
  EXPECT_EQ(unchanged.status, 304);
  EXPECT_EQ(unchanged.body, "");
  EXPECT_EQ(unchanged.header("ETag"), etag);
  EXPECT_EQ(
      s3->head("/bucket/key", {{"If-Modified-Since", "Wed, 01 May 2024 10:00:00 GMT"}}).status,
      304);
  EXPECT_EQ(
      s3->head("/bucket/key", {{"If-Unmodified-Since", "Wed, 01 May 2024 09:00:00 GMT"}}).status,
      412);
}

TEST_F(Objects, AreWrittenOnCondition) {
  EXPECT_EQ(s3->put("/bucket/key", "1", {{"If-None-Match", "*"}}).status, 200);
  EXPECT_EQ(s3->put("/bucket/key", "2", {{"If-None-Match", "*"}}).code(), "PreconditionFailed");
  const std::string etag = s3->head("/bucket/key").header("ETag");
  EXPECT_EQ(s3->put("/bucket/key", "3", {{"If-Match", etag}}).status, 200);
  EXPECT_EQ(s3->put("/bucket/key", "4", {{"If-Match", etag}}).status, 412);
  EXPECT_EQ(s3->put("/bucket/none", "5", {{"If-Match", etag}}).code(), "NoSuchKey");
  EXPECT_EQ(s3->get("/bucket/key").body, "3");
}

TEST_F(Objects, AreRefusedWhenTheBytesAreNotWhatWasSaid) {
  struct Case {
    Headers headers;
    std::string code;
  };
  const Case cases[] = {
      {{{"Content-MD5", base64_encode(digest(Digest::Md5, "other"))}}, "BadDigest"},
      {{{"Content-MD5", "short"}}, "InvalidDigest"},
      {{{"x-amz-checksum-crc32", "AAAAAA=="}}, "BadDigest"},
      {{{"x-amz-checksum-crc32", "AAAA"}}, "InvalidRequest"},
      {{{"x-amz-checksum-crc32", "NhCmhg=="}, {"x-amz-checksum-sha1", "x"}}, "InvalidRequest"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(s3->put("/bucket/key", "hello", c.headers).code(), c.code)
        << c.headers.items().front().first;
  }
  Send wrong_hash{.body = "hello", .payload_hash = to_hex(digest(Digest::Sha256, "other"))};
  EXPECT_EQ(s3->call("PUT", "/bucket/key", wrong_hash).code(), "XAmzContentSHA256Mismatch");
  Send no_hash{.body = "hello", .payload_hash = "something"};
  EXPECT_EQ(s3->call("PUT", "/bucket/key", no_hash).code(), "InvalidArgument");
  EXPECT_EQ(s3->head("/bucket/key").status, 404);
}

TEST_F(Objects, KeepTheChecksumTheyCameWith) {
  const Reply put = s3->put("/bucket/key", "hello", {{"x-amz-checksum-crc32", "NhCmhg=="}});
  EXPECT_EQ(put.status, 200) << put.body;
  EXPECT_EQ(put.header("x-amz-checksum-crc32"), "NhCmhg==");
  EXPECT_EQ(s3->get("/bucket/key").header("x-amz-checksum-crc32"), "(none)");
  const Reply get = s3->get("/bucket/key", {{"x-amz-checksum-mode", "ENABLED"}});
  EXPECT_EQ(get.header("x-amz-checksum-crc32"), "NhCmhg==");
  EXPECT_EQ(get.header("x-amz-checksum-type"), "FULL_OBJECT");
  const Reply part =
      s3->get("/bucket/key", {{"x-amz-checksum-mode", "ENABLED"}, {"Range", "bytes=0-1"}});
  EXPECT_EQ(part.header("x-amz-checksum-crc32"), "(none)");
  const Reply unchanged = s3->get(
      "/bucket/key", {{"x-amz-checksum-mode", "ENABLED"}, {"If-None-Match", put.header("ETag")}});
  EXPECT_EQ(unchanged.status, 304);
  EXPECT_EQ(unchanged.header("x-amz-checksum-crc32"), "(none)");
}

TEST_F(Objects, GetAChecksumWhenTheyCameWithNone) {
  const Reply put = s3->put("/bucket/key", "123456789");
  EXPECT_EQ(put.header("x-amz-checksum-crc64nvme"), "rosUhgp5mIg=");  // its published check value
  EXPECT_EQ(put.header("x-amz-checksum-type"), "FULL_OBJECT");
  const Reply head = s3->head("/bucket/key", {{"x-amz-checksum-mode", "ENABLED"}});
  EXPECT_EQ(head.header("x-amz-checksum-crc64nvme"), "rosUhgp5mIg=");
  const Reply list = s3->get("/bucket?list-type=2");
  EXPECT_EQ(element(list.body, "ChecksumAlgorithm"), "CRC64NVME");
  EXPECT_EQ(element(list.body, "ChecksumType"), "FULL_OBJECT");
}

// As those that were stored before every object got a checksum.
TEST_F(Objects, WithoutAChecksumAreReadAndCopied) {
  s3->put("/bucket/key", "123456789");
  db::Connection({.path = dir.path() / "store/index.sqlite"})
      .execute("UPDATE objects SET checksum = ''");
  const Reply get = s3->get("/bucket/key", {{"x-amz-checksum-mode", "ENABLED"}});
  EXPECT_EQ(get.body, "123456789");
  EXPECT_EQ(get.header("x-amz-checksum-crc64nvme"), "(none)");
  EXPECT_EQ(get.header("x-amz-checksum-type"), "(none)");
  const Reply copy = s3->put("/bucket/copy", "", {{"x-amz-copy-source", "/bucket/key"}});
  EXPECT_EQ(element(copy.body, "ChecksumCRC64NVME"), "rosUhgp5mIg=");
  const Reply head = s3->head("/bucket/copy", {{"x-amz-checksum-mode", "ENABLED"}});
  EXPECT_EQ(head.header("x-amz-checksum-crc64nvme"), "rosUhgp5mIg=");
}

TEST_F(Objects, AreNotMadeWithoutABucket) {
  const Reply reply = s3->put("/missing/key", "x");
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.code(), "NoSuchBucket");
  EXPECT_EQ(element(reply.body, "Resource"), "/missing/key");
  EXPECT_EQ(element(reply.body, "RequestId"), reply.header("x-amz-request-id"));
}

TEST_F(Objects, AreRefusedWithWhatIsNotOffered) {
  EXPECT_EQ(s3->put("/bucket/k", "x", {{"x-amz-acl", "public-read"}}).code(),
            "AccessControlListNotSupported");
  EXPECT_EQ(s3->put("/bucket/k", "x", {{"x-amz-storage-class", "GLACIER"}}).code(),
            "InvalidStorageClass");
  EXPECT_EQ(s3->put("/bucket/k", "x", {{"x-amz-tagging", "a=b"}}).code(), "NotImplemented");
  EXPECT_EQ(s3->get("/bucket/k?versionId=abc").code(), "InvalidArgument");
}

class Chunked : public GatewayTest {
 protected:
  Reply put(const std::string& mode, const std::string& body, Headers headers) {
    headers.add("Content-Encoding", "aws-chunked");
    headers.add("x-amz-decoded-content-length", "5");
    return s3->call("PUT", "/bucket/key",
                    {.headers = std::move(headers), .body = body, .payload_hash = mode});
  }
};

TEST_F(Chunked, UnsignedPayloadWithTrailerIsTaken) {
  const std::string good = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
  const Reply reply =
      put("STREAMING-UNSIGNED-PAYLOAD-TRAILER", good, {{"x-amz-trailer", "x-amz-checksum-crc32"}});
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.header("x-amz-checksum-crc32"), "NhCmhg==");
  EXPECT_EQ(s3->get("/bucket/key").body, "hello");
  EXPECT_EQ(s3->head("/bucket/key").header("Content-Encoding"), "(none)");

  const std::string bad = "5\r\nhellO\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
  EXPECT_EQ(
      put("STREAMING-UNSIGNED-PAYLOAD-TRAILER", bad, {{"x-amz-trailer", "x-amz-checksum-crc32"}})
          .code(),
      "BadDigest");
  EXPECT_EQ(put("STREAMING-UNSIGNED-PAYLOAD-TRAILER", "5\r\nhello\r\n0\r\n\r\n",
                {{"x-amz-trailer", "x-amz-checksum-crc32"}})
                .code(),
            "InvalidRequest");
}

TEST_F(Chunked, LengthMustBeAsAnnounced) {
  EXPECT_EQ(put("STREAMING-UNSIGNED-PAYLOAD-TRAILER", "4\r\nhell\r\n0\r\n\r\n", {}).code(),
            "IncompleteBody");
  EXPECT_EQ(put("STREAMING-UNSIGNED-PAYLOAD-TRAILER", "6\r\nhello!\r\n0\r\n\r\n", {}).code(),
            "IncompleteBody");
}

TEST_F(Chunked, SignedChunksAreChecked) {
  namespace sigv4 = objectstore::sigv4;
  for (const bool tampered : {false, true}) {
    Headers headers{{"Host", s3->host()},
                    {"Content-Encoding", "aws-chunked"},
                    {"x-amz-decoded-content-length", "5"}};
    const auto seed = sigv4::sign({"PUT", "/bucket/signed", "", headers}, sigv4::kStreamingSigned,
                                  kCredentials, {}, clock.now());
    for (const auto& [name, value] : seed.headers.items()) headers.add(name, value);
    sigv4::ChunkSigner signer(kCredentials.secret_key, {}, *headers.get("x-amz-date"), seed.value);
    std::string body = "5;chunk-signature=" + signer.next(to_hex(digest(Digest::Sha256, "hello"))) +
                       "\r\n" + (tampered ? "hellO" : "hello") + "\r\n0;chunk-signature=";
    body += signer.next(sigv4::kEmptyPayload) + "\r\n\r\n";
    const Reply reply = s3->raw("PUT", "/bucket/signed", headers, body);
    EXPECT_EQ(reply.status, tampered ? 403 : 200) << reply.body;
    EXPECT_EQ(reply.code(), tampered ? "SignatureDoesNotMatch" : "");
  }
  EXPECT_EQ(s3->get("/bucket/signed").body, "hello");
}

class Copies : public GatewayTest {
 protected:
  void SetUp() override {
    GatewayTest::SetUp();
    s3->put("/bucket/from%20a%2Bb", large, {{"x-amz-meta-a", "1"}, {"Content-Type", "text/plain"}});
    s3->put("/bucket/small", "tiny");
    s3->put("/other");
  }
  Reply copy(const std::string& source, const std::string& target, Headers headers = {}) {
    headers.add("x-amz-copy-source", source);
    return s3->put(target, "", std::move(headers));
  }
  std::string large = std::string(100'000, 'c');
};

TEST_F(Copies, TakeBytesAndHeaders) {
  const Reply reply = copy("/bucket/from%20a%2Bb", "/other/to");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_THAT(element(reply.body, "ETag"), HasSubstr(md5_hex(large)));
  s3->remove("/bucket/from%20a%2Bb");
  const Reply get = s3->get("/other/to");
  EXPECT_EQ(get.body, large);
  EXPECT_EQ(get.header("x-amz-meta-a"), "1");
  EXPECT_EQ(get.header("Content-Type"), "text/plain");
  EXPECT_EQ(copy("bucket/small?versionId=null", "/other/small").status, 200);
  EXPECT_EQ(s3->get("/other/small").body, "tiny");
}

TEST_F(Copies, ReplaceHeadersOnWish) {
  copy("bucket/small", "/other/to",
       {{"x-amz-metadata-directive", "REPLACE"}, {"x-amz-meta-b", "2"}});
  const Reply head = s3->head("/other/to");
  EXPECT_EQ(head.header("x-amz-meta-b"), "2");
  EXPECT_EQ(head.header("Content-Type"), "binary/octet-stream");
  const Reply onto_itself = copy("bucket/small", "/bucket/small");
  EXPECT_EQ(onto_itself.code(), "InvalidRequest");
  EXPECT_EQ(copy("bucket/small", "/bucket/small",
                 {{"x-amz-metadata-directive", "REPLACE"}, {"x-amz-meta-c", "3"}})
                .status,
            200);
  const Reply get = s3->get("/bucket/small");
  EXPECT_EQ(get.body, "tiny");
  EXPECT_EQ(get.header("x-amz-meta-c"), "3");
}

TEST_F(Copies, FollowConditionsAndNameWhatIsMissing) {
  EXPECT_EQ(copy("bucket/small", "/other/to", {{"x-amz-copy-source-if-match", "\"no\""}}).code(),
            "PreconditionFailed");
  EXPECT_EQ(copy("bucket/none", "/other/to").code(), "NoSuchKey");
  EXPECT_EQ(copy("none/small", "/other/to").code(), "NoSuchBucket");
  EXPECT_EQ(copy("bucket", "/other/to").code(), "InvalidArgument");
  EXPECT_EQ(copy("bucket/small", "/none/to").code(), "NoSuchBucket");
  EXPECT_EQ(copy("bucket/small", "/other/to", {{"x-amz-metadata-directive", "X"}}).code(),
            "InvalidArgument");
}

TEST_F(Copies, GetTheChecksumThatIsWished) {
  copy("bucket/small", "/other/to", {{"x-amz-checksum-algorithm", "SHA1"}});
  EXPECT_EQ(
      s3->head("/other/to", {{"x-amz-checksum-mode", "ENABLED"}}).header("x-amz-checksum-sha1"),
      base64_encode(digest(Digest::Sha1, "tiny")));
}

class DeleteMany : public GatewayTest {};

TEST_F(DeleteMany, NamesWhatIsGoneOrOnlyWhatFailed) {
  s3->put("/bucket/a", "x");
  const std::string keys =
      "<Object><Key>a</Key></Object><Object><Key>missing</Key></Object>"
      "<Object><Key>" +
      std::string(1025, 'k') + "</Key></Object>";
  const Reply loud = s3->post("/bucket?delete", "<Delete>" + keys + "</Delete>");
  EXPECT_EQ(elements(loud.body, "Deleted").size(), 2u);
  EXPECT_EQ(elements(loud.body, "Code"), Strings{"KeyTooLongError"});
  const Reply quiet =
      s3->post("/bucket?delete", "<Delete><Quiet>true</Quiet>" + keys + "</Delete>");
  EXPECT_THAT(elements(quiet.body, "Deleted"), IsEmpty());
  EXPECT_EQ(elements(quiet.body, "Code"), Strings{"KeyTooLongError"});
  EXPECT_EQ(s3->head("/bucket/a").status, 404);
  EXPECT_EQ(s3->post("/bucket?delete", "<Delete/>").code(), "MalformedXML");
}

class Lists : public GatewayTest {
 protected:
  void SetUp() override {
    GatewayTest::SetUp();
    for (const char* key : {"a", "b/1", "b/2", "c%26d", "e"})
      s3->put(std::string("/bucket/") + key);
  }
};

TEST_F(Lists, VersionTwoGoesFromPageToPage) {
  Strings keys, prefixes;
  std::string token;
  for (int page = 0; page < 4; ++page) {
    const Reply reply = s3->get("/bucket?list-type=2&delimiter=%2F&max-keys=1" +
                                (token.empty() ? "" : "&continuation-token=" + token));
    EXPECT_EQ(element(reply.body, "KeyCount"), "1");
    EXPECT_EQ(element(reply.body, "MaxKeys"), "1");
    EXPECT_EQ(element(reply.body, "IsTruncated"), page < 3 ? "true" : "false");
    for (const auto& key : elements(reply.body, "Key")) keys.push_back(key);
    if (reply.body.find("<CommonPrefixes>") != std::string::npos) {
      prefixes.push_back(element(element(reply.body, "CommonPrefixes"), "Prefix"));
    }
    token = percent_encode(element(reply.body, "NextContinuationToken"));
  }
  EXPECT_EQ(keys, (Strings{"a", "c&amp;d", "e"}));
  EXPECT_EQ(prefixes, Strings{"b/"});
  EXPECT_EQ(token, "");
}

TEST_F(Lists, VersionOneNamesTheNextMarker) {
  const Reply reply = s3->get("/bucket?delimiter=%2F&max-keys=2&encoding-type=url");
  EXPECT_EQ(element(reply.body, "NextMarker"), "b/");
  EXPECT_EQ(element(reply.body, "EncodingType"), "url");
  EXPECT_THAT(elements(element(reply.body, "Contents"), "ID"), ElementsAre("trainyard"));
  const Reply next = s3->get("/bucket?delimiter=%2F&max-keys=2&encoding-type=url&marker=b%2F");
  EXPECT_THAT(elements(next.body, "Key"), ElementsAre("c%26d", "e"));
  EXPECT_EQ(s3->get("/bucket?max-keys=1").body.find("NextMarker"), std::string::npos);
}

TEST_F(Lists, VersionTwoHasStartAfterAndOwners) {
  const Reply reply = s3->get("/bucket?list-type=2&start-after=b%2F2");
  EXPECT_THAT(elements(reply.body, "Key"), ElementsAre("c&amp;d", "e"));
  EXPECT_EQ(element(reply.body, "StartAfter"), "b/2");
  EXPECT_THAT(elements(reply.body, "Owner"), IsEmpty());
  EXPECT_EQ(elements(s3->get("/bucket?list-type=2&fetch-owner=true").body, "Owner").size(), 5u);
}

TEST_F(Lists, OfVersionsShowTheOnlyOne) {
  const Reply reply = s3->get("/bucket?versions&prefix=b%2F&max-keys=1");
  EXPECT_THAT(elements(reply.body, "Key"), ElementsAre("b/1"));
  EXPECT_EQ(element(reply.body, "VersionId"), "null");
  EXPECT_EQ(element(reply.body, "NextKeyMarker"), "b/1");
}

TEST_F(Lists, RefuseBadParameters) {
  for (const char* query :
       {"max-keys=-1", "max-keys=x", "max-keys=2147483648", "encoding-type=x", "list-type=3",
        "list-type=2&continuation-token=", "list-type=2&continuation-token=%21"}) {
    const Reply reply = s3->get(std::string("/bucket?") + query);
    EXPECT_EQ(reply.status, 400) << query;
    EXPECT_EQ(reply.code(), "InvalidArgument") << query;
  }
  EXPECT_EQ(element(s3->get("/bucket?max-keys=5000").body, "MaxKeys"), "1000");
  EXPECT_EQ(s3->get("/missing?list-type=2").code(), "NoSuchBucket");
}

class Authentication : public GatewayTest {};

TEST_F(Authentication, IsAskedOfEveryRequest) {
  for (const char* method : {"GET", "PUT", "DELETE", "POST"}) {
    const Reply reply = s3->raw(method, "/bucket/key", {});
    EXPECT_EQ(reply.status, 403) << method;
    EXPECT_EQ(reply.code(), "AccessDenied");
  }
  EXPECT_EQ(s3->raw("GET", "/", {}).status, 403);
}

TEST_F(Authentication, NamesWhatIsWrong) {
  Send unknown{.credentials = {"NOBODY", Secret("x")}};
  EXPECT_EQ(s3->call("GET", "/bucket", unknown).code(), "InvalidAccessKeyId");
  Send wrong{.credentials = {"AKIATEST", Secret("wrong")}};
  const Reply mismatch = s3->call("GET", "/bucket?prefix=a", wrong);
  EXPECT_EQ(mismatch.status, 403);
  EXPECT_EQ(mismatch.code(), "SignatureDoesNotMatch");
  EXPECT_THAT(element(mismatch.body, "CanonicalRequest"), HasSubstr("prefix=a"));
  Send masked{.credentials = {"AKIATEST", Secret("***")}};
  EXPECT_EQ(s3->call("GET", "/bucket", masked).code(), "SignatureDoesNotMatch");
  EXPECT_THAT(element(s3->call("GET", "/bucket", masked).body, "Message"),
              HasSubstr("start the service with --echo-secrets true"));
  EXPECT_THAT(element(mismatch.body, "Message"), testing::Not(HasSubstr("echo-secrets")));
  Send late{.clock_off = std::chrono::minutes(-16)};
  EXPECT_EQ(s3->call("GET", "/bucket", late).code(), "RequestTimeTooSkewed");
  EXPECT_EQ(s3->raw("GET", "/", {{"Authorization", "AWS a:b"}}).code(), "InvalidRequest");
  EXPECT_EQ(s3->raw("GET", "/", {{"Authorization", "AWS4-HMAC-SHA256 x"}}).code(),
            "AuthorizationHeaderMalformed");
}

TEST_F(Authentication, OfHeadHasNoBody) {
  const Reply reply = s3->raw("HEAD", "/bucket/key", {});
  EXPECT_EQ(reply.status, 403);
  EXPECT_EQ(reply.body, "");
}

TEST_F(Authentication, ByPresignedUrl) {
  s3->put("/bucket/a%20b", "hello");
  const std::string url = s3->presigned(
      "GET", "/bucket/a%20b?response-content-type=text%2Fhtml&response-content-disposition=x",
      std::chrono::hours(1));
  const Reply reply = s3->raw("GET", url, {});
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.body, "hello");
  EXPECT_EQ(reply.header("Content-Type"), "text/html");
  EXPECT_EQ(reply.header("Content-Disposition"), "x");
  EXPECT_EQ(s3->raw("DELETE", url, {}).code(), "SignatureDoesNotMatch");
  const std::string upload = s3->presigned("PUT", "/bucket/new", std::chrono::hours(1));
  EXPECT_EQ(s3->raw("PUT", upload, {}, "uploaded").status, 200);
  EXPECT_EQ(s3->get("/bucket/new").body, "uploaded");

  clock.advance(std::chrono::hours(1) + Milliseconds(1));
  const Reply expired = s3->raw("GET", url, {});
  EXPECT_EQ(expired.status, 403);
  EXPECT_EQ(element(expired.body, "Message"), "Request has expired");
}

TEST_F(Authentication, ResponseHeadersCannotBeSplit) {
  s3->put("/bucket/a", "hello");
  EXPECT_EQ(s3->get("/bucket/a?response-content-type=a%0D%0Ab").code(), "InvalidArgument");
}

class Subresources : public GatewayTest {};

TEST_F(Subresources, AnswerAsS3DoesWhereNothingIsConfigured) {
  const std::pair<std::string, std::string> absent[] = {
      {"policy", "NoSuchBucketPolicy"},
      {"cors", "NoSuchCORSConfiguration"},
      {"lifecycle", "NoSuchLifecycleConfiguration"},
      {"tagging", "NoSuchTagSet"},
      {"website", "NoSuchWebsiteConfiguration"},
      {"encryption", "ServerSideEncryptionConfigurationNotFoundError"},
      {"object-lock", "ObjectLockConfigurationNotFoundError"},
      {"replication", "ReplicationConfigurationNotFoundError"},
      {"publicAccessBlock", "NoSuchPublicAccessBlockConfiguration"},
  };
  for (const auto& [name, code] : absent) {
    const Reply reply = s3->get("/bucket?" + name);
    EXPECT_EQ(reply.status, 404) << name;
    EXPECT_EQ(reply.code(), code);
    EXPECT_EQ(s3->get("/missing?" + name).code(), "NoSuchBucket");
    EXPECT_EQ(s3->put("/bucket?" + name, "<x/>").code(), "NotImplemented") << name;
    EXPECT_EQ(s3->remove("/bucket?" + name).status, 204) << name;
  }
  EXPECT_EQ(s3->head("/bucket").status, 200);
  EXPECT_THAT(s3->get("/bucket?versioning").body, HasSubstr("></VersioningConfiguration>"));
  EXPECT_EQ(s3->put("/bucket?versioning", "<x/>").code(), "NotImplemented");
  EXPECT_EQ(element(s3->get("/bucket?acl").body, "Permission"), "FULL_CONTROL");
  EXPECT_EQ(element(s3->get("/bucket?requestPayment").body, "Payer"), "BucketOwner");
  EXPECT_EQ(element(s3->get("/bucket?ownershipControls").body, "ObjectOwnership"),
            "BucketOwnerEnforced");
}

TEST_F(Subresources, OfObjects) {
  s3->put("/bucket/key", "x");
  EXPECT_THAT(s3->get("/bucket/key?tagging").body, HasSubstr("<TagSet></TagSet>"));
  EXPECT_EQ(s3->get("/bucket/missing?tagging").code(), "NoSuchKey");
  EXPECT_EQ(s3->put("/bucket/key?tagging", "<x/>").code(), "NotImplemented");
  EXPECT_EQ(s3->put("/bucket/key?acl", "<x/>").code(), "NotImplemented");
  EXPECT_EQ(s3->get("/bucket/key?retention").code(), "NotImplemented");
  EXPECT_EQ(s3->get("/bucket/key").body, "x");
}

TEST_F(Subresources, OtherMethodsAreNotAllowed) {
  EXPECT_EQ(s3->post("/bucket/key").code(), "MethodNotAllowed");
  EXPECT_EQ(s3->post("/bucket").code(), "MethodNotAllowed");
  EXPECT_EQ(s3->put("/").status, 405);
}

}  // namespace
}  // namespace trainyard::gateway::testing_support
