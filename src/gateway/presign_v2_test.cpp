#include "gateway/presign_v2.hpp"

#include <gtest/gtest.h>

#include "gateway/s3_error.hpp"

namespace trainyard::gateway {
namespace {

const Secret kSecret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
const TimePoint kBefore = TimePoint(std::chrono::seconds(1175139620));

http::Request request(std::string method, std::string path, std::string query,
                      http::Headers headers = {}) {
  http::Request out;
  out.method = std::move(method);
  out.raw_path = std::move(path);
  out.query = http::Query::parse(query);
  out.raw_query = std::move(query);
  out.headers = std::move(headers);
  return out;
}

std::optional<S3Code> outcome(const http::Request& request, TimePoint now = kBefore) {
  try {
    verify_presigned_v2(parse_presigned_v2(request).value(), request, kSecret, now);
    return std::nullopt;
  } catch (const S3Error& error) {
    return error.code();
  }
}

// The example of the user guide: "Query string request authentication alternative".
constexpr const char* kExample =
    "AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D"
    "&Expires=1175139620";

TEST(PresignedV2, AcceptsThePublishedExample) {
  const auto get = request("GET", "/johnsmith/photos/puppy.jpg", kExample);
  EXPECT_EQ(outcome(get), std::nullopt);
  EXPECT_EQ(parse_presigned_v2(get)->access_key, "AKIAIOSFODNN7EXAMPLE");
}

TEST(PresignedV2, RefusesEveryChange) {
  EXPECT_EQ(outcome(request("PUT", "/johnsmith/photos/puppy.jpg", kExample)),
            S3Code::SignatureDoesNotMatch);
  EXPECT_EQ(outcome(request("GET", "/johnsmith/photos/other.jpg", kExample)),
            S3Code::SignatureDoesNotMatch);
  EXPECT_EQ(outcome(request("GET", "/johnsmith/photos/puppy.jpg",
                            std::string(kExample) + "&response-content-type=text%2Fhtml")),
            S3Code::SignatureDoesNotMatch);
  EXPECT_EQ(outcome(request("GET", "/johnsmith/photos/puppy.jpg", kExample,
                            {{"x-amz-copy-source", "/b/k"}})),
            S3Code::SignatureDoesNotMatch);
  EXPECT_EQ(
      outcome(request("GET", "/johnsmith/photos/puppy.jpg", kExample), kBefore + Milliseconds(1)),
      S3Code::AccessDenied);
}

TEST(PresignedV2, SignsHeadersAndSubresourcesInOrder) {
  const auto put = request("PUT", "/b/k%20k",
                           "uploadId=x&AWSAccessKeyId=a&partNumber=1&x=y&uploads&Signature=s"
                           "&Expires=5",
                           {{"Content-Type", "text/plain"},
                            {"X-Amz-Meta-B", " 2"},
                            {"x-amz-meta-a", "1"},
                            {"x-amz-meta-a", "3"}});
  EXPECT_EQ(string_to_sign_v2(*parse_presigned_v2(put), put),
            "PUT\n\ntext/plain\n5\nx-amz-meta-a:1,3\nx-amz-meta-b:2\n"
            "/b/k%20k?partNumber=1&uploadId=x&uploads");
}

TEST(PresignedV2, IsRecognised) {
  EXPECT_EQ(parse_presigned_v2(request("GET", "/b/k", "prefix=a&Expires=5")), std::nullopt);
  for (const char* query :
       {"AWSAccessKeyId=a&Expires=5", "Signature=s&Expires=5", "AWSAccessKeyId=a&Signature=s",
        "AWSAccessKeyId=a&Signature=s&Expires=x",
        "AWSAccessKeyId=a&Signature=s&Expires=99999999999999999"}) {
    EXPECT_EQ(outcome(request("GET", "/b/k", query)), S3Code::AccessDenied) << query;
  }
}

}  // namespace
}  // namespace trainyard::gateway
