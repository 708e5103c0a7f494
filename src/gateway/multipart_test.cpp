#include "gateway/checksums.hpp"
#include "gateway/gateway_fixture.hpp"

namespace trainyard::gateway::testing_support {
namespace {

using http::Headers;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::size_t kPart = 5 << 20;

struct Part {
  int number;
  std::string etag;
};

class Multipart : public GatewayTest {
 protected:
  std::string start(Headers headers = {}) {
    return element(s3->post("/bucket/key?uploads", "", std::move(headers)).body, "UploadId");
  }
  Reply upload(const std::string& id, int number, const std::string& bytes, Headers headers = {}) {
    return s3->put("/bucket/key?partNumber=" + std::to_string(number) + "&uploadId=" + id, bytes,
                   std::move(headers));
  }
  Part part(const std::string& id, int number, const std::string& bytes) {
    return {number, upload(id, number, bytes).header("ETag")};
  }
  Reply complete(const std::string& id, const std::vector<Part>& parts, Headers headers = {}) {
    std::string xml = "<CompleteMultipartUpload>";
    for (const Part& part : parts) {
      xml += "<Part><PartNumber>" + std::to_string(part.number) + "</PartNumber><ETag>" +
             part.etag + "</ETag></Part>";
    }
    return s3->post("/bucket/key?uploadId=" + id, xml + "</CompleteMultipartUpload>",
                    std::move(headers));
  }

  std::string a = std::string(kPart, 'a'), b = std::string(kPart + 1, 'b'), c = "the end";
};

TEST_F(Multipart, PartsBecomeOneObject) {
  const std::string id = start({{"x-amz-meta-m", "1"}, {"Content-Type", "text/plain"}});
  // Sent in any order.
  const Part third = part(id, 7, c), first = part(id, 1, a), second = part(id, 2, b);
  EXPECT_EQ(s3->head("/bucket/key").status, 404);
  const Reply done = complete(id, {first, second, third});
  ASSERT_EQ(done.status, 200) << done.body;
  const std::string etag =
      to_hex(digest(Digest::Md5,
                    digest(Digest::Md5, a) + digest(Digest::Md5, b) + digest(Digest::Md5, c))) +
      "-3";
  EXPECT_EQ(element(done.body, "ETag"), "&quot;" + etag + "&quot;");
  const Reply get = s3->get("/bucket/key");
  EXPECT_TRUE(get.body == a + b + c);
  EXPECT_EQ(get.header("Content-Length"), std::to_string(a.size() + b.size() + c.size()));
  EXPECT_EQ(get.header("ETag"), '"' + etag + '"');
  EXPECT_EQ(get.header("x-amz-meta-m"), "1");
  EXPECT_EQ(get.header("Content-Type"), "text/plain");
  EXPECT_EQ(complete(id, {first, second, third}).status, 200) << "asked again";
  EXPECT_EQ(upload(id, 1, a).code(), "NoSuchUpload");
}

TEST_F(Multipart, RangesAndPartsOfTheObjectCanBeRead) {
  const std::string id = start();
  complete(id, {part(id, 1, a), part(id, 2, b), part(id, 3, c)});
  const std::string all = a + b + c;
  const auto range = [&](std::size_t first, std::size_t last) {
    return s3
        ->get("/bucket/key",
              {{"Range", "bytes=" + std::to_string(first) + "-" + std::to_string(last)}})
        .body;
  };
  EXPECT_EQ(range(kPart - 3, kPart + 2), all.substr(kPart - 3, 6));
  EXPECT_EQ(range(5, 9), all.substr(5, 5));
  EXPECT_TRUE(range(kPart - 1, all.size() - 1) == all.substr(kPart - 1));

  const Reply third = s3->get("/bucket/key?partNumber=3");
  EXPECT_EQ(third.status, 206);
  EXPECT_EQ(third.body, c);
  EXPECT_EQ(third.header("x-amz-mp-parts-count"), "3");
  EXPECT_EQ(third.header("Content-Range"), "bytes " + std::to_string(2 * kPart + 1) + "-" +
                                               std::to_string(all.size() - 1) + "/" +
                                               std::to_string(all.size()));
  EXPECT_EQ(s3->head("/bucket/key?partNumber=2").header("Content-Length"),
            std::to_string(kPart + 1));
  EXPECT_EQ(s3->get("/bucket/key?partNumber=4").code(), "InvalidPartNumber");
  EXPECT_EQ(s3->get("/bucket/key?partNumber=0").code(), "InvalidArgument");
  EXPECT_EQ(s3->get("/bucket/key?partNumber=1", {{"Range", "bytes=0-1"}}).code(), "InvalidRequest");
}

TEST_F(Multipart, PlainObjectIsItsOwnFirstPart) {
  s3->put("/bucket/key", "hello");
  const Reply reply = s3->get("/bucket/key?partNumber=1");
  EXPECT_EQ(reply.status, 206);
  EXPECT_EQ(reply.body, "hello");
  EXPECT_EQ(reply.header("x-amz-mp-parts-count"), "(none)");
  EXPECT_EQ(s3->get("/bucket/key?partNumber=2").code(), "InvalidPartNumber");
}

TEST_F(Multipart, PartsAreOverwrittenAndLeftOut) {
  const std::string id = start();
  const Part old = part(id, 1, a);
  part(id, 2, b);
  const Part fresh = part(id, 1, b);
  EXPECT_EQ(complete(id, {old}).code(), "InvalidPart");
  ASSERT_EQ(complete(id, {fresh}).status, 200);
  EXPECT_TRUE(s3->get("/bucket/key").body == b);
  int blobs = 0;
  for (const auto& entry : fs::recursive_directory_iterator(dir.path() / "store" / "blobs")) {
    blobs += entry.is_regular_file();
  }
  EXPECT_EQ(blobs, 1);
}

TEST_F(Multipart, CompletionChecksItsParts) {
  const std::string id = start();
  const Part one = part(id, 1, a), small = part(id, 2, c), last = part(id, 3, c);
  EXPECT_EQ(complete(id, {last, one}).code(), "InvalidPartOrder");
  EXPECT_EQ(complete(id, {one, one}).code(), "InvalidPartOrder");
  EXPECT_EQ(complete(id, {one, {9, one.etag}}).code(), "InvalidPart");
  EXPECT_EQ(complete(id, {{1, "\"0123\""}}).code(), "InvalidPart");
  EXPECT_EQ(complete(id, {{1, "nonsense"}}).code(), "InvalidPart");
  const Reply too_small = complete(id, {one, small, last});
  EXPECT_EQ(too_small.code(), "EntityTooSmall");
  EXPECT_EQ(element(too_small.body, "PartNumber"), "2");
  EXPECT_EQ(complete(id, {}).code(), "MalformedXML");
  EXPECT_EQ(complete("nothing", {one}).code(), "NoSuchUpload");
  EXPECT_EQ(complete(id, {one, last}).status, 200);
}

TEST_F(Multipart, PartNumbersHaveBounds) {
  const std::string id = start();
  for (const int number : {0, 10'001}) {
    EXPECT_EQ(upload(id, number, "x").code(), "InvalidArgument") << number;
  }
  EXPECT_EQ(upload(id, 10'000, "x").status, 200);
}

TEST_F(Multipart, CompletionFollowsConditions) {
  s3->put("/bucket/key", "there");
  const std::string id = start();
  const Part one = part(id, 1, "x");
  EXPECT_EQ(complete(id, {one}, {{"If-None-Match", "*"}}).code(), "PreconditionFailed");
  EXPECT_EQ(s3->get("/bucket/key").body, "there");
  EXPECT_EQ(complete(id, {one}).status, 200);
  EXPECT_EQ(s3->get("/bucket/key").body, "x");
}

TEST_F(Multipart, AbortRemovesEverything) {
  const std::string id = start();
  part(id, 1, a);
  const std::string target = "/bucket/key?uploadId=" + id;
  EXPECT_EQ(s3->remove(target).status, 204);
  EXPECT_EQ(s3->remove(target).code(), "NoSuchUpload");
  EXPECT_EQ(s3->get(target).code(), "NoSuchUpload");
  for (const auto& entry : fs::recursive_directory_iterator(dir.path() / "store" / "blobs")) {
    EXPECT_FALSE(entry.is_regular_file()) << entry.path();
  }
}

TEST_F(Multipart, UploadSurvivesARestart) {
  const std::string id = start();
  const Part one = part(id, 1, a);
  open();
  const Part two = part(id, 2, c);
  EXPECT_EQ(complete(id, {one, two}).status, 200);
  EXPECT_TRUE(s3->get("/bucket/key").body == a + c);
}

TEST_F(Multipart, BucketGoesWithItsUploads) {
  const std::string id = start();
  part(id, 1, a);
  EXPECT_EQ(s3->remove("/bucket").status, 204);
  s3->put("/bucket");
  EXPECT_THAT(elements(s3->get("/bucket?uploads").body, "UploadId"), IsEmpty());
}

TEST_F(Multipart, PartsAreListedInPages) {
  const std::string id = start();
  for (const int number : {2, 1, 9}) part(id, number, "part " + std::to_string(number));
  const Reply first = s3->get("/bucket/key?max-parts=2&uploadId=" + id);
  EXPECT_THAT(elements(first.body, "PartNumber"), ElementsAre("1", "2"));
  EXPECT_EQ(element(first.body, "IsTruncated"), "true");
  EXPECT_EQ(element(first.body, "NextPartNumberMarker"), "2");
  EXPECT_EQ(element(first.body, "Size"), "6");
  const Reply second = s3->get("/bucket/key?part-number-marker=2&uploadId=" + id);
  EXPECT_THAT(elements(second.body, "PartNumber"), ElementsAre("9"));
  EXPECT_EQ(element(second.body, "IsTruncated"), "false");
}

TEST_F(Multipart, UploadsAreListedInPages) {
  const auto begin = [&](const std::string& key) {
    return element(s3->post("/bucket/" + key + "?uploads").body, "UploadId");
  };
  std::vector<std::string> a_ids = {begin("a"), begin("a")};
  std::sort(a_ids.begin(), a_ids.end());
  begin("b/1");
  begin("b/2");
  begin("c");
  const Reply all = s3->get("/bucket?uploads&delimiter=%2F");
  EXPECT_THAT(elements(all.body, "Key"), ElementsAre("a", "a", "c"));
  EXPECT_EQ(element(element(all.body, "CommonPrefixes"), "Prefix"), "b/");
  const Reply first = s3->get("/bucket?uploads&max-uploads=1");
  EXPECT_THAT(elements(first.body, "UploadId"), ElementsAre(a_ids[0]));
  EXPECT_EQ(element(first.body, "NextKeyMarker"), "a");
  EXPECT_EQ(element(first.body, "NextUploadIdMarker"), a_ids[0]);
  const Reply second =
      s3->get("/bucket?uploads&max-uploads=2&key-marker=a&upload-id-marker=" + a_ids[0]);
  EXPECT_THAT(elements(second.body, "Key"), ElementsAre("a", "b/1"));
  EXPECT_EQ(elements(second.body, "UploadId")[0], a_ids[1]);
  const Reply behind = s3->get("/bucket?uploads&key-marker=a");
  EXPECT_THAT(elements(behind.body, "Key"), ElementsAre("b/1", "b/2", "c"));
}

TEST_F(Multipart, PartsAreCopied) {
  s3->put("/bucket/source", a + c);
  const std::string id = start();
  const auto copy = [&](int number, const std::string& range) {
    const Reply reply =
        upload(id, number, "",
               {{"x-amz-copy-source", "/bucket/source"}, {"x-amz-copy-source-range", range}});
    EXPECT_EQ(reply.status, 200) << reply.body;
    return Part{number, element(reply.body, "ETag")};
  };
  const std::string last = std::to_string(kPart - 1);
  const std::vector<Part> parts = {copy(1, "bytes=0-" + last),
                                   copy(2, "bytes=" + last + "-" + last)};
  ASSERT_EQ(complete(id, parts).status, 200);
  EXPECT_TRUE(s3->get("/bucket/key").body == a + "a");
  const std::string again = start();
  EXPECT_EQ(upload(again, 1, "",
                   {{"x-amz-copy-source", "/bucket/source"},
                    {"x-amz-copy-source-range", "bytes=0-99999999"}})
                .code(),
            "InvalidArgument");
}

TEST_F(Multipart, ObjectOfPartsIsCopied) {
  const std::string id = start();
  complete(id, {part(id, 1, a), part(id, 2, c)});
  s3->put("/bucket/copy", "", {{"x-amz-copy-source", "bucket/key"}});
  s3->remove("/bucket/key");
  EXPECT_TRUE(s3->get("/bucket/copy").body == a + c);
  EXPECT_EQ(s3->get("/bucket/copy?partNumber=2").body, c);
}

TEST_F(Multipart, FullObjectChecksumIsMadeFromTheParts) {
  const std::string id =
      start({{"x-amz-checksum-algorithm", "CRC32"}, {"x-amz-checksum-type", "FULL_OBJECT"}});
  const Part one = part(id, 1, a), two = part(id, 2, c);
  EXPECT_EQ(complete(id, {one, two}, {{"x-amz-checksum-crc32", "AAAAAA=="}}).code(), "BadDigest");
  const std::uint32_t crc = crc32(a + c);
  std::string raw(4, '\0');
  for (int i = 0; i < 4; ++i) raw[i] = char(crc >> (24 - 8 * i));
  const Reply done = complete(id, {one, two}, {{"x-amz-checksum-crc32", base64_encode(raw)}});
  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(element(done.body, "ChecksumCRC32"), base64_encode(raw));
  EXPECT_EQ(element(done.body, "ChecksumType"), "FULL_OBJECT");
  const Reply head = s3->head("/bucket/key", {{"x-amz-checksum-mode", "ENABLED"}});
  EXPECT_EQ(head.header("x-amz-checksum-crc32"), base64_encode(raw));
}

// Whoever proves a part by a CRC-64/NVME is not made to pay for an MD5.
TEST_F(Multipart, PartsWithACrcHaveAnEtagThatIsNoMd5) {
  const auto crc_of = [](const std::string& bytes) {
    ChecksumState state(ChecksumAlgorithm::Crc64Nvme);
    state.update(bytes);
    return state.finish().value;
  };
  const std::string id = start({{"x-amz-checksum-algorithm", "CRC64NVME"}});
  const auto send = [&](int number, const std::string& bytes, Headers headers) {
    headers.add("x-amz-checksum-crc64nvme", crc_of(bytes));
    const Reply reply = upload(id, number, bytes, std::move(headers));
    EXPECT_EQ(reply.header("x-amz-checksum-crc64nvme"), crc_of(bytes));
    return Part{number, reply.header("ETag")};
  };
  const std::string md5_of_c = digest(Digest::Md5, c);
  EXPECT_EQ(upload(id, 1, a, {{"x-amz-checksum-crc64nvme", crc_of(c)}}).code(), "BadDigest");
  const Part one = send(1, a, {}), same = send(2, a, {}), other = send(2, b, {});
  EXPECT_EQ(one.etag, same.etag);
  EXPECT_NE(one.etag, other.etag);
  EXPECT_NE(one.etag, '"' + to_hex(digest(Digest::Md5, a)) + '"');
  const Part three = send(3, c, {{"Content-MD5", base64_encode(md5_of_c)}});
  EXPECT_EQ(three.etag, '"' + to_hex(md5_of_c) + '"');
  const std::vector<Part> parts = {one, other, three};
  EXPECT_EQ(complete(id, parts, {{"x-amz-checksum-crc64nvme", crc_of(a)}}).code(), "BadDigest");
  const Reply done = complete(id, parts, {{"x-amz-checksum-crc64nvme", crc_of(a + b + c)}});
  EXPECT_EQ(element(done.body, "ChecksumCRC64NVME"), crc_of(a + b + c)) << done.body;
  EXPECT_TRUE(s3->get("/bucket/key").body == a + b + c);
}

TEST_F(Multipart, WithoutAChoiceTheChecksumIsOfTheWhole) {
  const auto whole = [&] {
    const Reply head = s3->head("/bucket/key", {{"x-amz-checksum-mode", "ENABLED"}});
    return head.header("x-amz-checksum-crc64nvme");
  };
  s3->put("/bucket/key", a + c);
  const std::string expected = whole();
  const std::string id = start();
  const Reply done = complete(id, {part(id, 1, a), part(id, 2, c)});
  EXPECT_EQ(element(done.body, "ChecksumCRC64NVME"), expected);
  EXPECT_EQ(element(done.body, "ChecksumType"), "FULL_OBJECT");
  EXPECT_EQ(whole(), expected);
  // Parts with checksums of different sorts make none.
  const std::string mixed = start();
  const Reply first = upload(mixed, 1, "", {{"x-amz-copy-source", "/bucket/key"}});
  const Reply second = upload(mixed, 2, "hello", {{"x-amz-checksum-crc32", "NhCmhg=="}});
  EXPECT_EQ(second.status, 200) << second.body;
  const Reply joined =
      complete(mixed, {{1, element(first.body, "ETag")}, {2, second.header("ETag")}});
  EXPECT_EQ(joined.status, 200) << joined.body;
  EXPECT_EQ(joined.body.find("ChecksumType"), std::string::npos);
  EXPECT_EQ(whole(), "(none)");
}

TEST_F(Multipart, CompositeChecksumIsOfThePartsChecksums) {
  const std::string id = start({{"x-amz-checksum-algorithm", "SHA256"}});
  const std::string sha_a = digest(Digest::Sha256, a), sha_c = digest(Digest::Sha256, c);
  const Reply first = upload(id, 1, a, {{"x-amz-checksum-sha256", base64_encode(sha_a)}});
  const Reply second = upload(id, 2, c);  // the store makes what the client did not send
  EXPECT_EQ(second.header("x-amz-checksum-sha256"), base64_encode(sha_c));
  EXPECT_EQ(upload(id, 3, c, {{"x-amz-checksum-crc32", "AAAAAA=="}}).code(), "InvalidRequest");
  const Reply done = complete(id, {{1, first.header("ETag")}, {2, second.header("ETag")}});
  EXPECT_EQ(element(done.body, "ChecksumSHA256"),
            base64_encode(digest(Digest::Sha256, sha_a + sha_c)) + "-2");
  EXPECT_EQ(element(done.body, "ChecksumType"), "COMPOSITE");
}

TEST_F(Multipart, ImpossibleChecksumsAreRefused) {
  const auto outcome = [&](const std::string& algorithm, const std::string& type) {
    return s3
        ->post("/bucket/key?uploads", "",
               {{"x-amz-checksum-algorithm", algorithm}, {"x-amz-checksum-type", type}})
        .code();
  };
  EXPECT_EQ(outcome("MD5", "COMPOSITE"), "InvalidRequest");
  EXPECT_EQ(outcome("SHA1", "FULL_OBJECT"), "InvalidRequest");
  EXPECT_EQ(outcome("CRC64NVME", "COMPOSITE"), "InvalidRequest");
  EXPECT_EQ(outcome("CRC32", "FULL_OBJECT"), "");
}

}  // namespace
}  // namespace trainyard::gateway::testing_support
