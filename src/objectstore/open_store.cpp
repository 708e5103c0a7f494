#include "objectstore/open_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "http/client.hpp"
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

std::unique_ptr<ObjectStore> open(const model::StoreReference& reference,
                                  const OpenOptions& options, const Patience& patience) {
  http::ClientOptions http_settings;
  http_settings.ca_file = options.ca_file;
  std::shared_ptr<http::Client> http = http::make_client(http_settings);
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

// "http://host:9000 cannot be reached; check endpoint_url"
std::string unreachable(const model::StoreReference& reference) {
  if (const auto* s3 = std::get_if<model::S3Connection>(&reference.connection)) {
    return s3->endpoint_url + " cannot be reached; check endpoint_url";
  }
  return std::get<model::SwiftConnection>(reference.connection).auth_url +
         ", or the store that it names, cannot be reached; check auth_url";
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
  try {
    store.remove(key, {});  // also after a stop: it has just answered, and is given seconds
  } catch (const Error& error) {
    log::warn("'{}' stays in {}: {}", printable(key), store.description(), error.what());
  }
}

// A console stores an object of no bytes for an empty folder.
bool holds_a_file(const ListPage& page) {
  return std::ranges::any_of(page.objects, [](const ObjectInfo& object) {
    return object.size != 0 || !object.key.ends_with('/');
  });
}

}  // namespace

std::unique_ptr<ObjectStore> open_store(const model::StoreReference& reference,
                                        const OpenOptions& options) {
  return open(reference, options, {});
}

Error no_training_data(const ObjectStore& store, const std::string& prefix) {
  const std::string below = prefix.empty() ? "" : " below '" + printable(prefix) + "'";
  const std::string_view mend = prefix.starts_with('/')
                                    ? "keys begin without a slash as a rule: leave it out of prefix"
                                    : "put them there first";
  return Error(ErrorKind::NotFound, fmt::format("there is no training data in {}: it holds no "
                                                "files{}; {}",
                                                store.description(), below, mend));
}

void check_access(ObjectStore& store, const std::string& prefix, StoreUse use,
                  std::stop_token stop) {
  std::string continuation;
  do {
    const ListPage page = store.list(prefix, continuation, stop);
    if (use == StoreUse::ProbedResults) return probe(store, prefix, stop);
    if (use == StoreUse::TrainingResults || holds_a_file(page)) return;
    continuation = page.next;
  } while (!continuation.empty());
  throw no_training_data(store, prefix);
}

void check_access(const model::StoreReference& reference, StoreUse use, const OpenOptions& options,
                  std::stop_token stop) {
  OpenOptions impatient = options;
  impatient.retry = kCheckRetry;
  const auto store = open(reference, impatient, {kCheckConnectTimeout, kCheckStallTimeout});
  try {
    check_access(*store, folder_prefix(reference.prefix), use, stop);
  } catch (const Error& error) {
    if (!error.retryable()) throw;
    throw Error(error.kind(), fmt::format("{} ({})", unreachable(reference), error.what()));
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
