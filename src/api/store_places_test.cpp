#include "api/store_places.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>

#include <future>

#include "api/api_fixture.hpp"
#include "api/service.hpp"
#include "base/error.hpp"
#include "http/loopback_testing.hpp"

namespace trainyard::api {
namespace {

using Places = std::vector<std::unique_ptr<StorePlaces::Place>>;

// 0: they were had.
int refusal_of(StorePlaces& places, const std::string& user, std::size_t count, Places& taken) {
  try {
    for (std::size_t i = 0; i < count; ++i) {
      taken.push_back(std::make_unique<StorePlaces::Place>(places, user));
    }
    return 0;
  } catch (const AskedTooMuch& refused) {
    return refused.status();
  }
}

TEST(StorePlaces, AUserHasOnlySoMany) {
  StorePlaces places(Milliseconds(0));
  Places anns, bobs;
  EXPECT_EQ(refusal_of(places, "ann", StorePlaces::kMostOfOne, anns), 0);
  EXPECT_EQ(refusal_of(places, "ann", 1, anns), 429);
  EXPECT_EQ(refusal_of(places, "bob", StorePlaces::kMostOfOne, bobs), 0);
  anns.pop_back();
  EXPECT_EQ(refusal_of(places, "ann", 1, anns), 0);
  EXPECT_EQ(refusal_of(places, "ann", 1, anns), 429);
}

TEST(StorePlaces, AllUsersTogetherHaveOnlySoMany) {
  StorePlaces places(Milliseconds(0));
  Places taken;
  for (std::size_t i = 0; i < StorePlaces::kMost; ++i) {
    EXPECT_EQ(refusal_of(places, std::to_string(i), 1, taken), 0);
  }
  EXPECT_EQ(refusal_of(places, "ann", 1, taken), 503);
  taken.clear();
  EXPECT_EQ(refusal_of(places, "ann", StorePlaces::kMostOfOne, taken), 0);
}

TEST(StorePlaces, ARequestWaitsForThoseBeforeIt) {
  StorePlaces places(Milliseconds(600'000));
  Places taken, next;
  ASSERT_EQ(refusal_of(places, "ann", StorePlaces::kMostOfOne, taken), 0);
  auto waiting = std::async(std::launch::async, [&] { return refusal_of(places, "ann", 1, next); });
  taken.pop_back();
  EXPECT_EQ(waiting.get(), 0);
}

// Takes connections and says nothing.
class SilentStore {
 public:
  SilentStore() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = http::testing::loopback(0);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.get(), generic, size) != 0 || ::listen(listener_.get(), 64) != 0 ||
        ::getsockname(listener_.get(), generic, &size) != 0) {
      throw_errno("listen");
    }
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }

  const std::string& url() const { return url_; }
  void wait_for_one() { taken_.emplace_back(::accept(listener_.get(), nullptr, nullptr)); }
  void leave() {
    listener_ = Fd();
    taken_.clear();
  }

 private:
  Fd listener_;
  std::vector<Fd> taken_;
  std::string url_;
};

class CheckedStoresTest : public ApiTest {
 protected:
  CheckedStoresTest() : ApiTest({.check_buckets = true}) {}
};

TEST_F(CheckedStoresTest, OneThatNeverAnswersHoldsUpNobodyElse) {
  SilentStore store;
  const auto url = definition();
  auto run = nlohmann::json::parse(run_request(url));
  auto experiment = experiment_request(url);
  for (const char* reference : {"training_data_reference", "training_results_reference"}) {
    run[reference]["connection"]["endpoint_url"] = store.url();
    experiment[reference]["connection"]["endpoint_url"] = store.url();
  }
  const std::string request = run.dump();
  const auto runs_of_experiment =
      send("POST", "/v3/experiments", experiment.dump()).headers.get("Location").value() + "/runs";
  const auto ask = [&](std::size_t which) {
    if (which % 3 == 0) return send("POST", runs_of_experiment).status;
    return send("POST", which % 3 == 1 ? "/v3/models" : "/v3/models/checks", request).status;
  };

  std::vector<std::future<int>> asked;
  for (std::size_t i = 0; i < StorePlaces::kMostOfOne; ++i) {
    asked.push_back(std::async(std::launch::async, ask, i));
  }
  for (std::size_t i = 0; i < asked.size(); ++i) store.wait_for_one();
  for (const char* path : {"/healthz", "/readyz", "/metrics", "/v3/models"}) {
    EXPECT_EQ(send("GET", path).status, 200) << path;
  }
  const auto refused = send("POST", "/v3/models", request);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.headers.get("Retry-After"), "2");
  EXPECT_THAT(refused.body, ::testing::HasSubstr("object stores of too many of your requests"));
  EXPECT_EQ(ask(0), 429);
  EXPECT_EQ(ask(2), 429);
  EXPECT_EQ(asked.front().wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  store.leave();
  for (auto& answer : asked) EXPECT_EQ(answer.get(), 503);
  EXPECT_EQ(ask(1), 503);
}

}  // namespace
}  // namespace trainyard::api
