#include "api/guarded_source.hpp"

#include <atomic>

namespace trainyard::api {
namespace {

class GuardedSource final : public http::PushSource {
 public:
  GuardedSource(Service& service, Caller caller, std::string owner,
                std::shared_ptr<http::PushSource> source)
      : service_(service),
        caller_(std::move(caller)),
        owner_(std::move(owner)),
        source_(std::move(source)) {}

  Chunk poll(std::size_t max) override {
    if (changed_->exchange(false) && !still_sees(service_, caller_, owner_)) {
      throw Error(ErrorKind::Unauthenticated, "the login has ended; log in again");
    }
    return source_->poll(max);
  }

  void on_ready(std::function<void()> wake) override {
    subscription_ = service_.logins.subscribe(caller_.user, [changed = changed_, wake] {
      changed->store(true);
      wake();
    });
    source_->on_ready(std::move(wake));
  }

 private:
  Service& service_;
  const Caller caller_;
  const std::string owner_;
  const std::shared_ptr<http::PushSource> source_;
  // From the start: the login may have ended between the call and the subscription. Shared with the
  // subscription, which may be called while this is taken down.
  const std::shared_ptr<std::atomic<bool>> changed_ = std::make_shared<std::atomic<bool>>(true);
  Watchers<std::string>::Subscription subscription_;
};

}  // namespace

std::shared_ptr<http::PushSource> guarded(Service& service, const Call& call,
                                          const std::string& owner,
                                          std::shared_ptr<http::PushSource> source) {
  return std::make_shared<GuardedSource>(service, call.caller, owner, std::move(source));
}

}  // namespace trainyard::api
