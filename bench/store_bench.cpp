// The embedded store: pages of a bucket of 1,000,000 keys, and PUT and GET of small and large
// objects over HTTP, signed as every client signs.
//
//   BENCH_S3_ENDPOINT=http://… AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… measures another store's
//   PUT and GET instead (bench/store_peer.sh does that).
//   BENCH_DIR=… is where the store lives; default: the system's directory for temporary files.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <random>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "base/strings.hpp"
#include "gateway/gateway.hpp"
#include "gateway/store.hpp"
#include "http/client.hpp"
#include "objectstore/sigv4.hpp"

namespace {

using namespace trainyard;
namespace sigv4 = objectstore::sigv4;

constexpr int kDirectories = 1000, kFiles = 1000;
const SystemClock kClock;

std::string variable(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value ? value : otherwise;
}

const sigv4::Credentials& credentials() {
  static const sigv4::Credentials out{variable("AWS_ACCESS_KEY_ID", "BENCH"),
                                      Secret(variable("AWS_SECRET_ACCESS_KEY", "bench-secret"))};
  return out;
}

fs::path scratch() { return variable("BENCH_DIR", ""); }

std::string key_of(int directory, int file) {
  return fmt::format("data/{:04}/image-{:06}.jpg", directory, file);
}

// A store with a bucket "many" of a million keys, written to the index as PUT would.
void fill(const fs::path& directory) {
  gateway::Store store(directory);
  store.index.write([](db::Connection& db) { gateway::insert_bucket(db, "many", kClock.now()); });
  for (int d = 0; d < kDirectories; ++d) {
    store.index.write([&](db::Connection& db) {
      const gateway::Bucket bucket = *gateway::find_bucket(db, "many");
      for (int f = 0; f < kFiles; ++f) {
        gateway::ObjectRecord object;
        object.key = key_of(d, f);
        object.size = 100'000;
        object.modified = kClock.now();
        object.etag = "d41d8cd98f00b204e9800998ecf8427e";
        object.headers = "content-type:image/jpeg\n";
        object.content = gateway::new_content(db);
        gateway::put_object(db, bucket, object);
      }
    });
  }
}

std::unique_ptr<gateway::Gateway> serve(const fs::path& directory) {
  return gateway::open_gateway(
      {.directory = directory,
       .credentials = [](std::string_view) { return credentials().secret_key; }},
      kClock);
}

// The store under test: another one by name, or ours, with a bucket "bench".
const std::string& endpoint() {
  static const std::string given = variable("BENCH_S3_ENDPOINT", "");
  if (!given.empty()) return given;
  static TempDir directory("trainyard-bench-", scratch());
  static const auto gateway = serve(directory.path());
  static const std::string own = gateway->endpoint();
  return own;
}

class Client {
 public:
  explicit Client(std::string endpoint)
      : endpoint_(std::move(endpoint)), http_(http::make_client()) {}

  std::uint64_t call(const std::string& method, const std::string& path, const std::string& query,
                     const std::string& body = {}) {
    http::Headers headers{{"Host", endpoint_.substr(endpoint_.find("//") + 2)}};
    const auto signature = sigv4::sign({method, path, query, headers}, sigv4::kUnsignedPayload,
                                       credentials(), {}, kClock.now());
    for (const auto& [name, value] : signature.headers.items()) headers.add(name, value);
    const auto source = http::body_of(body);
    http::ClientRequest request;
    request.method = method;
    request.url = endpoint_ + path + (query.empty() ? "" : "?" + query);
    request.headers = headers;
    if (method == "PUT") request.body = source.get();
    request.sink = [](std::string_view) {};
    const http::ClientResponse response = http_->send(request);
    if (response.status / 100 != 2 && response.status != 409) {
      throw Error(ErrorKind::Internal, fmt::format("{} {}: {}", method, path, response.status));
    }
    return response.body_bytes;
  }

 private:
  std::string endpoint_;
  std::unique_ptr<http::Client> http_;
};

void report(benchmark::State& state, std::vector<double> seconds) {
  std::sort(seconds.begin(), seconds.end());
  const auto at = [&](double share) {
    return 1e3 * seconds[std::size_t(share * double(seconds.size() - 1))];
  };
  state.counters["p50_ms"] = at(0.5);
  state.counters["p99_ms"] = at(0.99);
}

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// Pages of 1,000: of keys from a random place, or of common prefixes that hide 1,000 keys each.
void list_page(benchmark::State& state, const std::function<std::string(std::mt19937&)>& query) {
  static TempDir directory("trainyard-bench-", scratch());
  static const auto gateway = [] {
    fill(directory.path());
    return serve(directory.path());
  }();
  Client client(gateway->endpoint());
  std::mt19937 random(1);
  std::vector<double> seconds;
  for (auto _ : state) {
    const std::string text = query(random);
    const Stopwatch watch;
    client.call("GET", "/many", text);
    seconds.push_back(watch.seconds());
  }
  report(state, std::move(seconds));
}

void list_keys(benchmark::State& state) {
  list_page(state, [](std::mt19937& random) {
    const std::string after = key_of(int(random() % kDirectories), int(random() % kFiles));
    return "list-type=2&start-after=" + percent_encode(after);
  });
}
BENCHMARK(list_keys)->Iterations(500)->Unit(benchmark::kMillisecond);

void list_common_prefixes(benchmark::State& state) {
  list_page(state, [](std::mt19937&) -> std::string {
    return "delimiter=%2F&list-type=2&prefix=data%2F";
  });
}
BENCHMARK(list_common_prefixes)->Iterations(200)->Unit(benchmark::kMillisecond);

std::string path_of(const benchmark::State& state, int number) {
  return fmt::format("/bench/{}-{}-{}", state.range(0), state.thread_index(), number);
}

void put(benchmark::State& state) {
  Client client(endpoint());
  client.call("PUT", "/bench", "");
  const std::string body(std::size_t(state.range(0)), 'x');
  std::vector<double> seconds;
  int number = 0;
  for (auto _ : state) {
    const Stopwatch watch;
    client.call("PUT", path_of(state, number++ % 1000), "", body);
    seconds.push_back(watch.seconds());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
  state.SetItemsProcessed(state.iterations());
  if (state.threads() == 1) report(state, std::move(seconds));
}

void get(benchmark::State& state) {
  Client client(endpoint());
  client.call("PUT", "/bench", "");
  client.call("PUT", path_of(state, 0), "", std::string(std::size_t(state.range(0)), 'x'));
  std::vector<double> seconds;
  for (auto _ : state) {
    const Stopwatch watch;
    client.call("GET", path_of(state, 0), "");
    seconds.push_back(watch.seconds());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
  state.SetItemsProcessed(state.iterations());
  if (state.threads() == 1) report(state, std::move(seconds));
}

constexpr int kSmall = 1 << 10, kLarge = 64 << 20;
BENCHMARK(put)->Arg(kSmall)->Threads(1)->Threads(8)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(get)->Arg(kSmall)->Threads(1)->Threads(8)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(put)->Arg(kLarge)->Threads(1)->Iterations(10)->UseRealTime()->Unit(
    benchmark::kMillisecond);
BENCHMARK(get)->Arg(kLarge)->Threads(1)->Iterations(20)->UseRealTime()->Unit(
    benchmark::kMillisecond);

}  // namespace
