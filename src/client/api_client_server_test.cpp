// The client over real connections to a server on loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "client/api_client.hpp"
#include "client/fake_http.hpp"
#include "http/server.hpp"

namespace trainyard::client {
namespace {

http::Response text_response(int status, std::string body) {
  return {.status = status, .headers = {}, .body = std::move(body)};
}

// Gives `text` in pieces of one byte, as a log that grows.
class GrowingLog final : public http::PushSource {
 public:
  explicit GrowingLog(std::string text) : text_(std::move(text)) {}
  Chunk poll(std::size_t) override {
    if (at_ == text_.size()) return {"", true};
    return {std::string(1, text_[at_++]), false};
  }
  void on_ready(std::function<void()>) override {}

 private:
  const std::string text_;
  std::size_t at_ = 0;
};

class ApiServer : public testing::Test {
 protected:
  http::Answer answer(http::Request& request) {
    if (request.path == "/v3/identity/token") return text_response(200, R"({"token":"t"})");
    if (request.headers.get("Authorization") != "Bearer t") return text_response(401, "{}");
    if (request.path == "/v3/ml_assets/training_definitions") {
      request.body->read_all(1 << 20);
      return text_response(201, R"({"metadata":{"guid":"d","url":"http://s/d",)"
                                R"("created_at":"2017-10-26T11:10:37Z"},"entity":{"name":"n",)"
                                R"("framework":{"name":"f","version":"1"},)"
                                R"("training_definition_version":{"guid":"v","url":"http://s/v",)"
                                R"("content_url":"http://s/content",)"
                                R"("content_status":{"state":"no_content"}}}})");
    }
    if (request.path == "/content") {
      uploaded = request.body->read_all(1 << 20);
      return text_response(400, FakeHttp::error_body("enough for this test"));
    }
    http::Response log;
    log.headers.add("X-Log-Offset", "7");
    log.body = http::StreamBody{std::make_shared<GrowingLog>("line\nend\n")};
    return log;
  }

  std::unique_ptr<http::Server> server = http::serve(
      {}, [this](http::Request& request) { return answer(request); },
      [](const http::Request&, const Error& error) { return text_response(500, error.what()); });
  std::unique_ptr<http::Client> http = http::make_client();
  SystemClock clock;
  ApiClient api{
      *http, clock, {"http://127.0.0.1:" + std::to_string(server->port()), "u", Secret("p"), ""}};
  std::string uploaded;
};

TEST_F(ApiServer, AZipArrivesByteForByte) {
  const TempDir dir;
  std::string content;
  for (int i = 0; i < 300'000; ++i) content += static_cast<char>(i * 7);
  write_file_atomic(dir.path() / "m.zip", content);
  std::uint64_t told = 0;
  EXPECT_THROW(
      api.train({}, dir.path() / "m.zip", [&](std::uint64_t done, std::uint64_t) { told = done; }),
      Error);
  EXPECT_EQ(uploaded, content);
  EXPECT_EQ(told, content.size());
}

TEST_F(ApiServer, AFollowedLogComesAsItGrows) {
  std::string text;
  api.log("r", {.follow = true}, [&](std::string_view bytes) { text += bytes; });
  EXPECT_EQ(text, "line\nend\n");
}

TEST_F(ApiServer, AServerThatIsGoneIsUnreachable) {
  server->stop();
  try {
    api.status_json();
    FAIL() << "it answered";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Unavailable);
    EXPECT_THAT(e.what(), testing::HasSubstr("trainyard serve"));
  }
}

}  // namespace
}  // namespace trainyard::client
