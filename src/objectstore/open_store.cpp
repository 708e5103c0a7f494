#include "objectstore/open_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>
#include <utility>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "http/client.hpp"
#include "objectstore/listing.hpp"
#include "objectstore/s3_store.hpp"
#include "objectstore/swift_store.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::objectstore {
namespace {

constexpr std::chrono::milliseconds kCheckConnectTimeout{5'000};
constexpr std::chrono::milliseconds kCheckStallTimeout{15'000};
// Somebody waits for the answer.
constexpr RetryPolicy kCheckRetry{
    .attempts = 2, .base = Milliseconds(200), .longest_asked = Milliseconds(20'000)};
constexpr Milliseconds kRemoveLimit{10'000};  // of what the check wrote

struct Patience {
  std::optional<std::chrono::milliseconds> connect;
  std::optional<std::chrono::milliseconds> stall;
};

// Without state: one does for all stores.
Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

template <typename Settings>
Settings with(Settings settings, const OpenOptions& options, const Patience& patience) {
  settings.retry = options.retry;
  settings.retry_watch = options.retry_watch;
  settings.connect_timeout = patience.connect.value_or(settings.connect_timeout);
  settings.stall_timeout = patience.stall.value_or(settings.stall_timeout);
  return settings;
}

std::unique_ptr<http::Client> make_client(const OpenOptions& options) {
  http::ClientOptions settings;
  settings.ca_file = options.ca_file;
  return http::make_client(settings);
}

std::unique_ptr<ObjectStore> open(const model::StoreReference& reference,
                                  const OpenOptions& options, const Patience& patience,
                                  std::shared_ptr<http::Client> http) {
  std::unique_ptr<ObjectStore> store;
  if (const auto* s3 = std::get_if<model::S3Connection>(&reference.connection)) {
    store = open_s3(with(s3_options(*s3, reference.bucket), options, patience), std::move(http),
                    system_clock());
  } else {
    const auto& swift = std::get<model::SwiftConnection>(reference.connection);
    store = open_swift(with(swift_options(swift, reference.bucket), options, patience),
                       std::move(http), system_clock());
  }
  return make_retrying(std::move(store), options.retry, system_clock(), options.retry_watch);
}

// Remembers how the last request was answered: a store that is busy is not one that is away.
class WatchedClient final : public http::Client {
 public:
  explicit WatchedClient(std::unique_ptr<http::Client> inner) : inner_(std::move(inner)) {}
  http::ClientResponse send(const http::ClientRequest& request) override {
    try {
      auto response = inner_->send(request);
      status_ = response.status;
      return response;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Canceled) status_ = 0;
      throw;
    }
  }
  bool answered() const { return status_ != 0; }
  bool busy() const { return status_ == 503 || status_ == 429 || status_ == 498; }

 private:
  std::unique_ptr<http::Client> inner_;
  std::atomic<int> status_{0};  // 0: it broke off, or there was none yet
};

// Requests its stop when a time has passed, or when `outer` is requested.
class Deadline {
 public:
  Deadline(Milliseconds limit, std::stop_token outer)
      : forward_(std::move(outer), [this] { stop_.request_stop(); }),
        timer_([this, limit](std::stop_token ended) {
          if (system_clock().sleep_for(limit, std::move(ended))) stop_.request_stop();
        }) {}
  std::stop_token token() const { return stop_.get_token(); }

 private:
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> forward_;
  std::jthread timer_;  // last: it ends before what it uses
};

std::string address_of(const model::StoreReference& reference) {
  if (const auto* s3 = std::get_if<model::S3Connection>(&reference.connection)) {
    return s3->endpoint_url;
  }
  return std::get<model::SwiftConnection>(reference.connection).auth_url +
         ", or the store that it names,";
}

// What its answers, or their absence, say of a store that may do later what it was asked.
std::string trouble_of(const model::StoreReference& reference, const WatchedClient& client) {
  if (client.busy()) {
    return address_of(reference) + " asks to slow down or to come back later; try again then";
  }
  if (client.answered()) {
    return address_of(reference) + " answers, but not as it should; try again later";
  }
  const bool s3 = std::holds_alternative<model::S3Connection>(reference.connection);
  return fmt::format("{} cannot be reached; check {}", address_of(reference),
                     s3 ? "endpoint_url" : "auth_url");
}

Error too_slow(const model::StoreReference& reference, const WatchedClient& client,
               Milliseconds limit) {
  if (client.busy()) {
    return Error(ErrorKind::Timeout,
                 fmt::format("{} (for more than {})", trouble_of(reference, client),
                             format_duration(limit)));
  }
  return Error(ErrorKind::Timeout,
               fmt::format("{} did not finish its answer within {}; try again later",
                           address_of(reference), format_duration(limit)));
}

// Always the same key, so that no more than one is left where nothing may be removed.
void probe(ObjectStore& store, const std::string& prefix, const std::stop_token& stop) {
  const std::string key = prefix + std::string(kProbe);
  try {
    upload_bytes(store, "written to see whether results can be stored here\n", key, stop);
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("results cannot be stored in {}: {}", store.description(),
                                          error.what()));
  }
  const Deadline deadline(kRemoveLimit, {});  // a stop does not leave it there
  try {
    store.remove(key, deadline.token());
  } catch (const Error& error) {
    log::warn("'{}' stays in {}: {}", printable(key), store.description(), error.what());
  }
}

std::string below(const std::string& prefix) {
  return prefix.empty() ? "" : " below '" + printable(prefix) + "'";
}

bool holds_a_file(const ListPage& page) {
  return std::ranges::any_of(page.objects, [](const ObjectInfo& object) {
    return !is_folder_marker(object.key, object.size);
  });
}

}  // namespace

std::unique_ptr<ObjectStore> open_store(const model::StoreReference& reference,
                                        const OpenOptions& options) {
  return open(reference, options, {}, make_client(options));
}

Error no_training_data(const ObjectStore& store, const std::string& prefix) {
  const std::string_view mend = prefix.starts_with('/')
                                    ? "keys begin without a slash as a rule: leave it out of prefix"
                                    : "put them there first";
  return Error(ErrorKind::NotFound,
               fmt::format("there is no training data in {}: it holds no files{}; {}",
                           store.description(), below(prefix), mend));
}

void check_access(ObjectStore& store, const std::string& prefix, StoreUse use,
                  std::stop_token stop) {
  std::string continuation;
  for (unsigned pages = 0; pages < kCheckPages; ++pages) {
    const ListPage page = store.list(prefix, continuation, stop);
    if (use == StoreUse::ProbedResults) return probe(store, prefix, stop);
    if (use == StoreUse::TrainingResults || holds_a_file(page)) return;
    if (page.next.empty()) throw no_training_data(store, prefix);
    continuation = page.next;
  }
  throw Error(ErrorKind::InvalidInput,
              fmt::format("{} lists {} pages without a file{}; name a prefix that has files",
                          store.description(), kCheckPages, below(prefix)));
}

void check_access(const model::StoreReference& reference, StoreUse use, const OpenOptions& options,
                  std::stop_token stop) {
  OpenOptions impatient = options;
  impatient.retry = kCheckRetry;
  const auto client = std::make_shared<WatchedClient>(make_client(options));
  const auto store = open(reference, impatient, {kCheckConnectTimeout, kCheckStallTimeout}, client);
  const Deadline deadline(options.check_limit, stop);
  try {
    check_access(*store, folder_prefix(reference.prefix), use, deadline.token());
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Canceled && !stop.stop_requested()) {
      throw too_slow(reference, *client, options.check_limit);
    }
    if (!error.retryable()) throw;
    throw Error(error.kind(), fmt::format("{} ({})", trouble_of(reference, *client), error.what()));
  }
}

Secret credentials_of(const model::StoreReference& reference) {
  std::string text(reference.type());
  const auto add = [&](const std::string& part) {
    text += fmt::format("\n{}:{}", part.size(), part);
  };
  if (const auto* s3 = std::get_if<model::S3Connection>(&reference.connection)) {
    add(s3->access_key_id);
    add(s3->secret_access_key.reveal());
  } else if (const auto* swift = std::get_if<model::SwiftConnection>(&reference.connection)) {
    add(swift->auth_url);
    add(swift->domain_name);
    add(swift->project_id);
    add(swift->user_name);
    add(swift->password.reveal());
  }
  return Secret(std::move(text));
}

}  // namespace trainyard::objectstore
