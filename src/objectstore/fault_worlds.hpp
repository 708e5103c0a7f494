#pragma once
// For faults_test.cpp: each store with faults in its way, and the same store without.
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "objectstore/fake_s3.hpp"
#include "objectstore/fake_swift.hpp"
#include "objectstore/faulty_client.hpp"
#include "objectstore/served_store_fixture.hpp"

namespace trainyard::objectstore {

inline constexpr RetryPolicy kPolicy{.attempts = 4, .base = Milliseconds(0)};

// A store with a fault in its way, the same store without, and how to look behind it.
struct Bench {
  std::unique_ptr<FakeS3Store> fake_s3 = nullptr;
  std::unique_ptr<FakeSwiftStore> fake_swift = nullptr;
  std::unique_ptr<ObjectStore> store = nullptr;
  std::unique_ptr<ObjectStore> plain = nullptr;
  std::size_t large = 2500;       // bytes that go in several parts
  bool vouches_for_large = true;  // gives a checksum of what went in parts
  std::function<std::size_t()> left_parts = [] { return 0; };
};

struct World {
  const char* name;
  Bench (*open)(FaultyClient::Script);
  bool real;  // a server: only what it takes part in is tried
};

inline SystemClock& system_clock() {
  static SystemClock clock;
  return clock;
}

inline std::unique_ptr<ObjectStore> retrying(std::unique_ptr<ObjectStore> store) {
  return make_retrying(std::move(store), kPolicy, system_clock());
}

inline Bench open_fake_s3(FaultyClient::Script script) {
  auto fake = std::make_unique<FakeS3Store>();
  S3Options options = fake->store_options();
  options.part_size = 1000;
  options.part_connections = 1;
  options.retry = kPolicy;
  Bench bench;
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

inline Bench open_fake_swift(FaultyClient::Script script) {
  auto fake = std::make_unique<FakeSwiftStore>();
  const SwiftOptions options = small(fake->options());
  Bench bench;
  bench.plain = fake->open(options);
  const auto faulty = std::make_shared<FaultyClient>(fake->server, std::move(script));
  bench.store = retrying(open_swift(options, faulty, fake->clock));
  bench.vouches_for_large = false;
  bench.left_parts = [server = fake->server] { return server->keys("mnist_segments").size(); };
  bench.fake_swift = std::move(fake);
  return bench;
}

inline Bench on_real_s3(const model::StoreReference& reference, FaultyClient::Script script) {
  S3Options options =
      s3_options(std::get<model::S3Connection>(reference.connection), reference.bucket);
  options.part_size = 5u << 20;
  options.part_connections = 1;
  options.retry = kPolicy;
  Bench bench;
  bench.plain = open_s3(options, http::make_client(), system_clock());
  const auto faulty = std::make_shared<FaultyClient>(http::make_client(), std::move(script));
  bench.store = retrying(open_s3(options, faulty, system_clock()));
  bench.large = (5u << 20) + 1000;
  return bench;
}

inline void below_a_prefix(Bench& bench) {
  const std::string prefix = "faults-" + random_hex(6) + "/";
  bench.store = std::make_unique<PrefixedStore>(std::move(bench.store), prefix);
  bench.plain = std::make_unique<PrefixedStore>(std::move(bench.plain), prefix);
}

inline Bench open_s3_of_the_environment(FaultyClient::Script script) {
  Bench bench = on_real_s3(*s3_of_the_environment(), std::move(script));
  below_a_prefix(bench);
  return bench;
}

inline Bench open_swift_of_the_environment(FaultyClient::Script script) {
  const auto reference = *swift_of_the_environment();
  const SwiftOptions options = small(
      swift_options(std::get<model::SwiftConnection>(reference.connection), reference.bucket));
  Bench bench;
  bench.plain = open_swift(options, http::make_client(), system_clock());
  const auto faulty = std::make_shared<FaultyClient>(http::make_client(), std::move(script));
  bench.store = retrying(open_swift(options, faulty, system_clock()));
  bench.vouches_for_large = false;
  below_a_prefix(bench);
  return bench;
}

inline std::vector<World> fakes() {
  return {{"S3", open_fake_s3, false}, {"Swift", open_fake_swift, false}};
}

inline std::vector<World> worlds() {
  std::vector<World> worlds = fakes();
  if (s3_of_the_environment()) {
    worlds.push_back({"S3OfTheEnvironment", open_s3_of_the_environment, true});
  }
  if (swift_of_the_environment()) {
    worlds.push_back({"SwiftOfTheEnvironment", open_swift_of_the_environment, true});
  }
  return worlds;
}

}  // namespace trainyard::objectstore
