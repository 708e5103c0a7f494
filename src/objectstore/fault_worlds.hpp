#pragma once
// For faults_test.cpp: each store with faults in its way, and the same store without.
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "objectstore/fake_s3.hpp"
#include "objectstore/fake_swift.hpp"
#include "objectstore/fault_proxy.hpp"
#include "objectstore/faulty_client.hpp"
#include "objectstore/served_store_fixture.hpp"

namespace trainyard::objectstore {

inline constexpr RetryPolicy kPolicy{.attempts = 4, .base = Milliseconds(0)};

// A store with a fault in its way, the same store without, and how to look behind it.
struct Bench {
  std::unique_ptr<FakeS3Store> fake_s3 = nullptr;
  std::unique_ptr<FakeSwiftStore> fake_swift = nullptr;
  std::unique_ptr<FaultProxy> proxy = nullptr;
  std::unique_ptr<ObjectStore> store = nullptr;
  std::unique_ptr<ObjectStore> plain = nullptr;
  // Plain, for sources of many MiB: real servers only.
  std::unique_ptr<ObjectStore> roomy = nullptr;
  std::size_t large = 2500;  // bytes that go in several parts
  bool by_s3 = true;         // else by Swift
  std::string secret;        // that no message may hold
  std::function<std::size_t()> left_parts = [] { return 0; };
};

using FaultScript = FaultyClient::Script;

struct World {
  const char* name;
  // `patience` with a real server that does not answer.
  Bench (*open)(FaultScript, Milliseconds patience);
  bool real;          // a server, behind a proxy
  bool slow = false;  // a server of others: many cases only for those who ask for them
};

inline SystemClock& system_clock() {
  static SystemClock clock;
  return clock;
}

inline std::unique_ptr<ObjectStore> retrying(std::unique_ptr<ObjectStore> store) {
  return make_retrying(std::move(store), kPolicy, system_clock());
}

inline Bench open_fake_s3(FakeS3::Options fake_options, FaultScript script) {
  auto fake = std::make_unique<FakeS3Store>(fake_options);
  S3Options options = fake->store_options();
  options.part_size = 1000;
  options.part_connections = 1;
  options.retry = kPolicy;
  Bench bench;
  bench.secret = fake->secret;
  bench.plain = fake->open(options);
  const auto faulty = std::make_shared<FaultyClient>(fake->server, std::move(script));
  bench.store = retrying(open_s3(options, faulty, fake->clock));
  bench.left_parts = [server = fake->server] { return server->open_uploads(); };
  bench.fake_s3 = std::move(fake);
  return bench;
}

inline SwiftOptions small(SwiftOptions options) {
  options.single_limit = options.segment_size = 1000;
  options.segment_connections = 1;
  options.retry = kPolicy;
  return options;
}

inline Bench open_fake_swift(FaultScript script, Milliseconds) {
  auto fake = std::make_unique<FakeSwiftStore>();
  const SwiftOptions options = small(fake->options());
  Bench bench;
  bench.secret = options.password.reveal();
  bench.plain = fake->open(options);
  const auto faulty = std::make_shared<FaultyClient>(fake->server, std::move(script));
  bench.store = retrying(open_swift(options, faulty, fake->clock));
  bench.by_s3 = false;
  bench.left_parts = [server = fake->server] { return server->keys("mnist_segments").size(); };
  bench.fake_swift = std::move(fake);
  return bench;
}

// Below a prefix of its own.
inline Bench open_served(Bench bench) {
  const std::string prefix = "faults-" + random_hex(6) + "/";
  bench.store = std::make_unique<PrefixedStore>(retrying(std::move(bench.store)), prefix);
  bench.plain = std::make_unique<PrefixedStore>(std::move(bench.plain), prefix);
  bench.roomy = std::make_unique<PrefixedStore>(std::move(bench.roomy), prefix);
  return bench;
}

inline Bench open_served_s3(const model::StoreReference& reference, FaultScript script,
                            Milliseconds patience) {
  const auto& connection = std::get<model::S3Connection>(reference.connection);
  S3Options options = s3_options(connection, reference.bucket);
  options.part_size = 5u << 20;
  options.part_connections = 1;
  options.retry = kPolicy;
  Bench bench;
  bench.secret = connection.secret_access_key.reveal();
  bench.large = (5u << 20) + 1000;
  bench.plain = open_s3(options, http::make_client(), system_clock());
  S3Options roomy = options;
  roomy.part_size = 64u << 20;
  bench.roomy = open_s3(roomy, http::make_client(), system_clock());
  bench.proxy = std::make_unique<FaultProxy>(std::move(script));
  options.endpoint = parse_endpoint(bench.proxy->url_for(options.endpoint.url()));
  options.stall_timeout = patience;
  bench.store = open_s3(options, http::make_client(), system_clock());
  return open_served(std::move(bench));
}

inline Bench open_our_store(FaultScript script, Milliseconds patience) {
  static const ServedGateway gateway;
  return open_served_s3(gateway.reference(), std::move(script), patience);
}

inline Bench open_s3_of_the_environment(FaultScript script, Milliseconds patience) {
  return open_served_s3(*s3_of_the_environment(), std::move(script), patience);
}

inline Bench open_swift_of_the_environment(FaultScript script, Milliseconds patience) {
  const auto reference = *swift_of_the_environment();
  const auto& connection = std::get<model::SwiftConnection>(reference.connection);
  SwiftOptions options = small(swift_options(connection, reference.bucket));
  Bench bench;
  bench.secret = connection.password.reveal();
  bench.by_s3 = false;
  bench.plain = open_swift(options, http::make_client(), system_clock());
  SwiftOptions roomy = options;
  roomy.segment_size = 12u << 20;
  bench.roomy = open_swift(roomy, http::make_client(), system_clock());
  bench.proxy = std::make_unique<FaultProxy>(std::move(script));
  const Endpoint& direct = options.auth_url;
  Endpoint proxied =
      parse_endpoint(bench.proxy->url_for(direct.scheme + "://" + direct.authority()));
  proxied.path = direct.path;
  options.auth_url = proxied;
  options.stall_timeout = patience;
  bench.store = open_swift(options, http::make_client(), system_clock());
  return open_served(std::move(bench));
}

inline std::vector<World> fakes() {
  return {
      {"S3", [](auto script, auto) { return open_fake_s3({}, std::move(script)); }, false},
      {"S3WithChecksums",
       [](auto script, auto) { return open_fake_s3({.checksums = true}, std::move(script)); },
       false},
      {"Swift", open_fake_swift, false},
  };
}

inline std::vector<World> worlds() {
  std::vector<World> worlds = fakes();
  worlds.push_back({"OurStore", open_our_store, true});
  if (s3_of_the_environment()) {
    worlds.push_back({"S3OfTheEnvironment", open_s3_of_the_environment, true, true});
  }
  if (swift_of_the_environment()) {
    worlds.push_back({"SwiftOfTheEnvironment", open_swift_of_the_environment, true, true});
  }
  return worlds;
}

}  // namespace trainyard::objectstore
