#include "objectstore/open_store.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/strings.hpp"
#include "http/client.hpp"
#include "objectstore/s3_store.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::objectstore {
namespace {

constexpr std::chrono::milliseconds kCheckConnectTimeout{5'000};
constexpr std::chrono::milliseconds kCheckStallTimeout{15'000};
constexpr RetryPolicy kCheckRetry{.attempts = 2, .base = Milliseconds(200)};

struct Patience {
  std::optional<std::chrono::milliseconds> connect;
  std::optional<std::chrono::milliseconds> stall;
};

// Without state: one does for all stores.
Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

std::unique_ptr<ObjectStore> open(const model::StoreReference& reference,
                                  const OpenOptions& options, const Patience& patience) {
  const auto* s3 = std::get_if<model::S3Connection>(&reference.connection);
  if (s3 == nullptr) {
    throw Error(ErrorKind::Unsupported,
                "object stores of type bluemix_objectstore (OpenStack Swift) cannot be used yet; "
                "use the store's S3 interface with type: s3");
  }
  S3Options s3_settings = s3_options(*s3, reference.bucket);
  s3_settings.retry = options.retry;
  s3_settings.connect_timeout = patience.connect.value_or(s3_settings.connect_timeout);
  s3_settings.stall_timeout = patience.stall.value_or(s3_settings.stall_timeout);
  http::ClientOptions http_settings;
  http_settings.ca_file = options.ca_file;
  return make_retrying(
      open_s3(std::move(s3_settings), http::make_client(http_settings), system_clock()),
      options.retry, system_clock());
}

std::string endpoint_of(const model::StoreReference& reference) {
  const auto* s3 = std::get_if<model::S3Connection>(&reference.connection);
  return s3 != nullptr ? s3->endpoint_url
                       : std::get<model::SwiftConnection>(reference.connection).auth_url;
}

}  // namespace

std::unique_ptr<ObjectStore> open_store(const model::StoreReference& reference,
                                        const OpenOptions& options) {
  return open(reference, options, {});
}

void check_access(ObjectStore& store, const std::string& prefix, StoreUse use,
                  std::stop_token stop) {
  std::string continuation;
  do {
    const ListPage page = store.list(prefix, continuation, stop);
    if (!page.objects.empty() || use == StoreUse::TrainingResults) return;
    continuation = page.next;
  } while (!continuation.empty());
  const std::string below = prefix.empty() ? "" : " below '" + printable(prefix) + "'";
  throw Error(ErrorKind::NotFound,
              fmt::format("there is no training data in {}{}: put it there first",
                          store.description(), below));
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
    throw Error(error.kind(), fmt::format("{} cannot be reached; check endpoint_url ({})",
                                          endpoint_of(reference), error.what()));
  }
}

}  // namespace trainyard::objectstore
