#include <gtest/gtest.h>

#include "base/error.hpp"
#include "objectstore/s3_store.hpp"

namespace trainyard::objectstore {
namespace {

model::S3Connection connection(std::string endpoint, std::string region = {}) {
  return {std::move(endpoint), "AKIA", Secret("wJalr"), std::move(region)};
}

TEST(S3Options, ChoosesAddressingAndRegionByTheHost) {
  struct Row {
    const char* endpoint;
    const char* bucket;
    Addressing addressing;
    const char* region;
  };
  for (const Row& row : {
           Row{"https://s3.eu-west-1.amazonaws.com", "mnist", Addressing::VirtualHost, "eu-west-1"},
           Row{"https://s3.amazonaws.com", "mnist", Addressing::VirtualHost, "us-east-1"},
           // The wildcard certificate covers one label only.
           Row{"https://s3.amazonaws.com", "my.dotted.bucket", Addressing::Path, "us-east-1"},
           Row{"https://s3.amazonaws.com", "Old_Bucket", Addressing::Path, "us-east-1"},
           Row{"http://127.0.0.1:9000", "mnist", Addressing::Path, "us-east-1"},
           Row{"http://mnist.store.test:9000", "mnist", Addressing::VirtualHost, "us-east-1"},
           Row{"http://my.dotted.store.test", "my.dotted", Addressing::VirtualHost, "us-east-1"},
           Row{"http://mnist.store.test:9000/mnist", "mnist", Addressing::Path, "us-east-1"},
           Row{"http://mnist2.store.test", "mnist", Addressing::Path, "us-east-1"},
           Row{"https://s3.eu-west-1.amazonaws.com", "s3", Addressing::Path, "eu-west-1"},
           Row{"https://mnist.s3.eu-de.cloud-object-storage.appdomain.cloud", "mnist",
               Addressing::Path, "eu-de"},
           Row{"https://s3.eu-de.cloud-object-storage.appdomain.cloud", "mnist", Addressing::Path,
               "eu-de"},
       }) {
    const S3Options options = s3_options(connection(row.endpoint), row.bucket);
    EXPECT_EQ(options.addressing, row.addressing) << row.endpoint << " " << row.bucket;
    EXPECT_EQ(options.region, row.region) << row.endpoint;
  }
}

TEST(S3Options, TheManifestsRegionCounts) {
  EXPECT_EQ(s3_options(connection("https://s3.eu-west-1.amazonaws.com", "us-west-2"), "b1x").region,
            "us-west-2");
}

TEST(S3Options, TakesARepeatedBucketOffTheEndpoint) {
  EXPECT_EQ(
      s3_options(connection("https://mnist.s3.eu-west-1.amazonaws.com"), "mnist").endpoint.url(),
      "https://s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(s3_options(connection("http://127.0.0.1:9000/mnist/"), "mnist").endpoint.url(),
            "http://127.0.0.1:9000");
  EXPECT_EQ(s3_options(connection("https://mnist.example.org"), "mnist").endpoint.url(),
            "https://example.org");
}

TEST(S3Options, ABucketWithoutKeysIsPublic) {
  const S3Options options = s3_options({"http://h", "", Secret(), ""}, "mnist");
  EXPECT_TRUE(options.access_key_id.empty());
}

TEST(S3Options, SaysWhatIsWrongAndNeverTheSecret) {
  struct Row {
    model::S3Connection connection;
    const char* bucket;
    const char* part;
  };
  const Secret secret("very-secret");
  for (const Row& row : {
           Row{connection("http://h"), "", "no name"},
           Row{connection("http://h"), "s3://mnist", "'/'"},
           Row{connection("http://h"), "mnist/train", "'/'"},
           Row{connection("http://h"), "two words", "cannot be the name"},
           Row{{"http://h", "", secret, ""}, "mnist", "no access key id"},
           Row{{"http://h", "AKIA", Secret(), ""}, "mnist", "no secret access key"},
           Row{{"http://h", "AK IA", secret, ""}, "mnist", "blank"},
           Row{{"http://h", "AKIA", Secret("very-secret\n"), ""}, "mnist", "line end"},
           Row{connection("gopher://h"), "mnist", "neither http nor https"},
       }) {
    try {
      s3_options(row.connection, row.bucket);
      ADD_FAILURE() << "taken: " << row.part;
    } catch (const Error& e) {
      const std::string text = e.what();
      EXPECT_EQ(e.kind(), ErrorKind::InvalidInput);
      EXPECT_NE(text.find(row.part), text.npos) << text;
      EXPECT_EQ(text.find("very-secret"), text.npos) << text;
    }
  }
}

}  // namespace
}  // namespace trainyard::objectstore
