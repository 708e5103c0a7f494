#include "api/openapi.hpp"

#include <gmock/gmock.h>

#include <algorithm>

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

TEST_F(OpenApiTest, SaysWhichHeadersACallTakesAndItsAnswerHas) {
  const auto takes = [&](const char* path, const char* method, const char* parameter) {
    const json wanted = {{"$ref", std::string("#/components/parameters/") + parameter}};
    const json& parameters = document_["paths"][path][method]["parameters"];
    return std::ranges::find(parameters, wanted) != parameters.end();
  };
  EXPECT_TRUE(takes("/v3/models", "post", "idempotency_key"));
  EXPECT_TRUE(takes("/v3/experiments/{id}/runs", "post", "idempotency_key"));
  EXPECT_TRUE(takes("/v3/models/{id}", "get", "if_none_match"));
  EXPECT_FALSE(takes("/v3/models/{id}/logs/{file}", "get", "if_none_match"));
  EXPECT_TRUE(takes("/v3/models/{id}/logs/{file}", "get", "last_event_id"));
  EXPECT_TRUE(takes("/v3/experiments/{id}", "patch", "if_match"));
  EXPECT_TRUE(takes("/v3/models/{id}", "delete", "if_match"));
  EXPECT_FALSE(takes("/v3/experiments/{id}", "get", "if_match"));
  const json& run = document_["paths"]["/v3/models/{id}"]["get"]["responses"];
  EXPECT_TRUE(run["200"]["headers"].contains("ETag"));
  EXPECT_TRUE(run["200"]["headers"].contains("X-Request-Id"));
  for (const char* status :
       {"304", "400", "405", "408", "413", "417", "431", "501", "503", "505"}) {
    EXPECT_TRUE(run.contains(status)) << status;
  }
  EXPECT_FALSE(run.contains("507"));
  for (const char* status : {"429", "503"}) {
    EXPECT_TRUE(document_["components"]["responses"][status]["headers"].contains("Retry-After"));
  }
}

TEST_F(OpenApiTest, SaysHowCallsFailThatAskObjectStores) {
  for (const char* path : {"/v3/models", "/v3/models/checks", "/v3/experiments/{id}/runs"}) {
    const json& responses = document_["paths"][path]["post"]["responses"];
    for (const char* status : {"400", "409", "413", "429", "503", "504", "507"}) {
      EXPECT_TRUE(responses.contains(status)) << path << status;
    }
  }
}

TEST_F(OpenApiTest, SaysThatALogMayComeAsEvents) {
  const json& responses = document_["paths"]["/v3/models/{id}/logs/{file}"]["get"]["responses"];
  EXPECT_TRUE(responses["200"]["content"].contains("text/event-stream"));
  EXPECT_FALSE(responses["206"]["content"].contains("text/event-stream"));
}

}  // namespace
}  // namespace trainyard::api
