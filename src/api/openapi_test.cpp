#include "api/openapi.hpp"

#include <gmock/gmock.h>

#include "api/api_fixture.hpp"

namespace trainyard::api {
namespace {

using nlohmann::json;

class OpenApiTest : public ApiTest {
 protected:
  const json document_ = json::parse(openapi_document());
};

TEST_F(OpenApiTest, DescribesEveryEndpointAndNoOther) {
  std::vector<std::string> described;
  for (const Operation& operation : operations()) {
    described.push_back(std::string(operation.method) + " " + operation.path);
  }
  EXPECT_THAT(described, ::testing::UnorderedElementsAreArray(api_->endpoints()));
}

TEST_F(OpenApiTest, IsServedToEveryone) {
  const auto answer = send("GET", "/openapi.json", "", "");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(json::parse(answer.body), document_);
}

// TRAINYARD_UPDATE_GOLDEN=1 writes it anew.
TEST_F(OpenApiTest, IsTheOneThatTheDocumentationHas) {
  const auto path = fs::path(TRAINYARD_DOCS) / "openapi.json";
  if (std::getenv("TRAINYARD_UPDATE_GOLDEN") != nullptr) {
    write_file_atomic(path, openapi_document(), 0644);
  }
  EXPECT_EQ(read_file(path), openapi_document());
}

void expect_defined(const json& document, const json& node) {
  if (node.is_object() && node.contains("$ref")) {
    const std::string reference = node["$ref"];
    ASSERT_EQ(reference.front(), '#');
    EXPECT_TRUE(document.contains(json::json_pointer(reference.substr(1)))) << reference;
  }
  for (const json& child : node) {
    if (child.is_structured()) expect_defined(document, child);
  }
}

TEST_F(OpenApiTest, EveryReferenceIsDefined) { expect_defined(document_, document_); }

}  // namespace
}  // namespace trainyard::api
