#include "api/store_places.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>

#include <future>

#include "api/api_fixture.hpp"
#include "api/service.hpp"
#include "base/error.hpp"
#include "base/error_testing.hpp"
#include "http/loopback_testing.hpp"
#include "http/testing.hpp"

namespace trainyard::api {
namespace {

using ::testing::HasSubstr;
using Places = std::vector<std::unique_ptr<StorePlaces::Place>>;

// 0: they were had.
int refusal_of(StorePlaces& places, const std::string& user, std::size_t count, Places& taken) {
  try {
    for (std::size_t i = 0; i < count; ++i) {
      taken.push_back(std::make_unique<StorePlaces::Place>(places, user, std::stop_token()));
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

TEST(StorePlaces, ARequestThatWaitsIsToldOfAStop) {
  StorePlaces places(Milliseconds(600'000));
  Places taken;
  ASSERT_EQ(refusal_of(places, "ann", StorePlaces::kMostOfOne, taken), 0);
  std::stop_source stop;
  std::string text;
  auto waiting = std::async(std::launch::async, [&] {
    return kind_of([&] { StorePlaces::Place(places, "ann", stop.get_token()); }, &text);
  });
  stop.request_stop();
  EXPECT_EQ(waiting.get(), ErrorKind::Unavailable);
  EXPECT_THAT(text, HasSubstr("the service is stopping"));
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
  CheckedStoresTest() : ApiTest({.check_buckets = true}) {
    const auto url = definition();
    auto run = nlohmann::json::parse(run_request(url));
    auto experiment = experiment_request(url);
    for (const char* reference : {"training_data_reference", "training_results_reference"}) {
      run[reference]["connection"]["endpoint_url"] = store_.url();
      experiment[reference]["connection"]["endpoint_url"] = store_.url();
    }
    run_ = run.dump();
    const auto created = send("POST", "/v3/experiments", experiment.dump());
    runs_of_experiment_ = created.headers.get("Location").value() + "/runs";
  }

  // The store is to be asked by each kind of request in turn.
  http::ClientResponse ask(std::size_t which) {
    if (which % 3 == 0) return send("POST", runs_of_experiment_);
    return send("POST", which % 3 == 1 ? "/v3/models" : "/v3/models/checks", run_);
  }
  // By so many at once, and each reached it.
  std::vector<std::future<http::ClientResponse>> ask_at_once(std::size_t count) {
    std::vector<std::future<http::ClientResponse>> asked;
    for (std::size_t i = 0; i < count; ++i) {
      asked.push_back(std::async(std::launch::async, [this, i] { return ask(i); }));
    }
    for (std::size_t i = 0; i < count; ++i) store_.wait_for_one();
    return asked;
  }

  SilentStore store_;
  std::string run_, runs_of_experiment_;
};

TEST_F(CheckedStoresTest, OneThatNeverAnswersHoldsUpNobodyElse) {
  auto asked = ask_at_once(StorePlaces::kMostOfOne);
  for (const char* path : {"/healthz", "/readyz", "/metrics", "/v3/models"}) {
    EXPECT_EQ(send("GET", path).status, 200) << path;
  }
  const auto refused = send("POST", "/v3/models", run_);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.headers.get("Retry-After"), "2");
  EXPECT_THAT(refused.body, HasSubstr("object stores of too many of your requests"));
  EXPECT_EQ(ask(0).status, 429);
  EXPECT_EQ(ask(2).status, 429);
  EXPECT_EQ(asked.front().wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  store_.leave();
  for (auto& answer : asked) EXPECT_EQ(answer.get().status, 503);
  EXPECT_EQ(ask(1).status, 503);
}

TEST_F(CheckedStoresTest, OneThatNeverAnswersHoldsUpNoStop) {
  auto asked = ask_at_once(6);
  server_->stop(http::testing::kPatience);
  for (auto& pending : asked) {
    const auto answer = pending.get();
    EXPECT_EQ(answer.status, 503);
    EXPECT_THAT(answer.body, HasSubstr("the service is stopping"));
  }
  EXPECT_EQ(stored_.runs->count_live(), repository::LiveRuns{});
}

}  // namespace
}  // namespace trainyard::api
