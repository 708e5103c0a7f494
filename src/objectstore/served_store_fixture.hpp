#pragma once
// Real servers for tests: our own gateway, served on loopback; and those that the environment
// names, each with a bucket that is there (stores work below a random prefix of it):
//   TRAINYARD_TEST_S3_ENDPOINT, _ACCESS_KEY, _SECRET_KEY, _REGION, _BUCKET
//   TRAINYARD_TEST_SWIFT_AUTH_URL, _USER, _PASSWORD, _REGION, _DOMAIN, _PROJECT, _BUCKET
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/files.hpp"
#include "base/ids.hpp"
#include "gateway/gateway.hpp"
#include "model/manifest.hpp"
#include "objectstore/object_store.hpp"
#include "objectstore/open_store.hpp"

namespace trainyard::objectstore {

// Tests make many files; memory spares them waiting for the disk.
inline fs::path scratch() { return fs::is_directory("/dev/shm") ? "/dev/shm" : fs::path(); }

// Another store's keys below a prefix.
class PrefixedStore final : public ObjectStore {
 public:
  PrefixedStore(std::unique_ptr<ObjectStore> inner, std::string prefix)
      : inner_(std::move(inner)), prefix_(std::move(prefix)) {}
  const std::string& description() const override { return inner_->description(); }
  std::optional<ObjectInfo> head(const std::string& key, std::stop_token stop) override {
    auto info = inner_->head(prefix_ + key, stop);
    if (info) info->key = key;
    return info;
  }
  ObjectInfo get(const std::string& key, const std::optional<ByteRange>& range,
                 const std::string& if_match, const Sink& sink, std::stop_token stop) override {
    return inner_->get(prefix_ + key, range, if_match, sink, stop);
  }
  ObjectInfo put(const std::string& key, Source& source, std::stop_token stop) override {
    return inner_->put(prefix_ + key, source, stop);
  }
  ListPage list(const std::string& prefix, const std::string& continuation,
                std::stop_token stop) override {
    ListPage page = inner_->list(prefix_ + prefix, continuation, stop);
    for (ObjectInfo& object : page.objects) object.key.erase(0, prefix_.size());
    return page;
  }
  void remove(const std::string& key, std::stop_token stop) override {
    inner_->remove(prefix_ + key, stop);
  }
  std::uint64_t discard_unfinished(const std::string& prefix, std::stop_token stop) override {
    return inner_->discard_unfinished(prefix_ + prefix, stop);
  }

 private:
  std::unique_ptr<ObjectStore> inner_;
  std::string prefix_;
};

class ServedGateway {
 public:
  ServedGateway()
      : gateway_(gateway::open_gateway(
            {.directory = directory_.path() / "store", .credentials = lookup, .worker_threads = 4},
            clock_)) {
    gateway_->create_bucket("mnist");
  }
  model::StoreReference reference() const {
    model::StoreReference reference;
    reference.connection =
        model::S3Connection{gateway_->endpoint(), "AKIATEST", Secret("wJalr/secret+key"), ""};
    reference.bucket = "mnist";
    return reference;
  }
  std::unique_ptr<ObjectStore> open() const { return open_store(reference()); }

 private:
  static std::optional<Secret> lookup(std::string_view access_key) {
    return access_key == "AKIATEST" ? std::optional(Secret("wJalr/secret+key")) : std::nullopt;
  }
  TempDir directory_{"trainyard-", scratch()};
  SystemClock clock_;
  std::unique_ptr<gateway::Gateway> gateway_;
};

inline std::string environment(const std::string& name) {
  const char* text = std::getenv(name.c_str());
  return text == nullptr ? "" : text;
}

inline std::optional<model::StoreReference> s3_of_the_environment() {
  const std::string s3 = "TRAINYARD_TEST_S3_";
  if (environment(s3 + "ENDPOINT").empty()) return std::nullopt;
  model::StoreReference reference;
  reference.connection =
      model::S3Connection{environment(s3 + "ENDPOINT"), environment(s3 + "ACCESS_KEY"),
                          Secret(environment(s3 + "SECRET_KEY")), environment(s3 + "REGION")};
  reference.bucket = environment(s3 + "BUCKET");
  return reference;
}

inline std::optional<model::StoreReference> swift_of_the_environment() {
  const std::string swift = "TRAINYARD_TEST_SWIFT_";
  if (environment(swift + "AUTH_URL").empty()) return std::nullopt;
  model::StoreReference reference;
  reference.connection = model::SwiftConnection{
      environment(swift + "AUTH_URL"),         environment(swift + "USER"),
      Secret(environment(swift + "PASSWORD")), environment(swift + "REGION"),
      environment(swift + "DOMAIN"),           environment(swift + "PROJECT")};
  reference.bucket = environment(swift + "BUCKET");
  return reference;
}

}  // namespace trainyard::objectstore
