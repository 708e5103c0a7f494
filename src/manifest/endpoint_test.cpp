#include "manifest/endpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trainyard::manifest {
namespace {

TEST(Endpoint, TextsThatAreEndpoints) {
  struct Case {
    const char *text, *url, *assumed;
  };
  for (const auto& c : {
           Case{"https://s3.example.com", "https://s3.example.com", ""},
           Case{"HTTP://s3.example.com:9000/", "http://s3.example.com:9000/", ""},
           Case{" s3-api.us-geo.example.net ", "https://s3-api.us-geo.example.net", "https"},
           Case{"localhost:9000", "http://localhost:9000", "http"},
           Case{"127.0.0.1:1", "http://127.0.0.1:1", "http"},
           Case{"[::1]:9000", "http://[::1]:9000", "http"},
           Case{"[2001:db8::2]:9000/v3", "https://[2001:db8::2]:9000/v3", "https"},
       }) {
    const auto endpoint = read_endpoint(c.text);
    EXPECT_EQ(endpoint.problem, "") << c.text;
    EXPECT_EQ(endpoint.url, c.url);
    EXPECT_EQ(endpoint.assumed, c.assumed);
  }
}

TEST(Endpoint, TextsThatAreNone) {
  for (const auto* text :
       {"", "ftp://h", "https://", "https://h:0", "https://h:70000", "https://h:x", "https://a b",
        "https://h/?x=1", "https://h/#x", "https://u:p@h", "u@h", "[::1", "https://[zz]", "a\nb",
        "https://cos-service.bluemix.net/endpoints"}) {
    EXPECT_NE(read_endpoint(text).problem, "") << text;
    EXPECT_EQ(read_endpoint(text).url, "") << text;
  }
}

}  // namespace
}  // namespace trainyard::manifest
