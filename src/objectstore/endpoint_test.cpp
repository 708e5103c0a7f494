#include "objectstore/endpoint.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace trainyard::objectstore {
namespace {

TEST(Endpoint, IsReadInEverySpelling) {
  struct Row {
    const char* text;
    const char* url;
  };
  for (const Row& row : {
           Row{"https://s3.amazonaws.com", "https://s3.amazonaws.com"},
           Row{"http://127.0.0.1:9000/", "http://127.0.0.1:9000"},
           Row{"  HTTP://Store.Example.ORG:80  ", "http://store.example.org"},
           Row{"https://store:443", "https://store"},
           Row{"http://store:443", "http://store:443"},
           Row{"s3.us-east.objectstorage.softlayer.net",
               "https://s3.us-east.objectstorage.softlayer.net"},
           Row{"localhost:9000", "http://localhost:9000"},
           Row{"[::1]:7480", "http://[::1]:7480"},
           Row{"https://proxy.example.org/object%20store//",
               "https://proxy.example.org/object%20store"},
       }) {
    EXPECT_EQ(parse_endpoint(row.text).url(), row.url) << row.text;
  }
}

TEST(Endpoint, SaysWhatIsWrong) {
  struct Row {
    const char* text;
    const char* part;
  };
  for (const Row& row : {
           Row{"", "is empty"},
           Row{"ftp://host", "neither http nor https"},
           Row{"http://", "names no host"},
           Row{"http://:80", "names no host"},
           Row{"http://host:0", "port"},
           Row{"http://host:65536", "port"},
           Row{"http://host:abc", "port"},
           Row{"http://ho st", "character"},
           Row{"http://user:secret@host", "a user"},
           Row{"http://host/?x=1", "a query"},
           Row{"http://[::1", "IPv6"},
           Row{"http://[::1]x", "after its host"},
           Row{"http://host/%zz", "%-escape"},
       }) {
    try {
      parse_endpoint(row.text);
      ADD_FAILURE() << "taken: " << row.text;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::InvalidInput);
      EXPECT_NE(std::string(e.what()).find(row.part), std::string::npos)
          << row.text << ": " << e.what();
    }
  }
}

TEST(Endpoint, KnowsTheRegionThatAHostNames) {
  struct Row {
    const char* host;
    bool aws;
    const char* region;
  };
  for (const Row& row : {
           Row{"s3.amazonaws.com", true, ""},
           Row{"s3.eu-central-1.amazonaws.com", true, "eu-central-1"},
           Row{"s3-us-west-2.amazonaws.com", true, "us-west-2"},
           Row{"s3.dualstack.eu-west-1.amazonaws.com", true, "eu-west-1"},
           Row{"s3.cn-north-1.amazonaws.com.cn", true, "cn-north-1"},
           Row{"s3-fips.us-east-2.amazonaws.com", true, "us-east-2"},
           Row{"s3.us-south.cloud-object-storage.appdomain.cloud", false, "us-south"},
           Row{"s3.private.eu-de.cloud-object-storage.appdomain.cloud", false, "eu-de"},
           Row{"s3-api.us-geo.objectstorage.softlayer.net", false, "us-geo"},
           Row{"storage.example.org", false, ""},
           Row{"evil-amazonaws.com", false, ""},
           Row{"s3.a.b.amazonaws.com", false, ""},
       }) {
    const KnownHost known = known_host(row.host);
    EXPECT_EQ(known.aws, row.aws) << row.host;
    EXPECT_EQ(known.region, row.region) << row.host;
  }
}

TEST(Endpoint, TellsAddressesAndLoopbackApart) {
  EXPECT_TRUE(is_address("10.0.0.1"));
  EXPECT_TRUE(is_address("[2001:db8::1]"));
  EXPECT_FALSE(is_address("10.0.0.1.example.org"));
  EXPECT_TRUE(is_loopback("store.localhost"));
  EXPECT_TRUE(is_loopback("127.8.9.1"));
  EXPECT_FALSE(is_loopback("127.evil.example.org"));
}

}  // namespace
}  // namespace trainyard::objectstore
