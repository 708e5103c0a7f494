// One transfer by our client, as a process of its own, for bench/staging.py:
//
//   staging_driver download ENDPOINT BUCKET PREFIX DIRECTORY           past the cache
//   staging_driver stage ENDPOINT BUCKET PREFIX DIRECTORY CACHE        a private copy through it
//   staging_driver share ENDPOINT BUCKET PREFIX CACHE                  the cache's own tree
//   staging_driver upload ENDPOINT BUCKET PREFIX DIRECTORY
//   staging_driver remove ENDPOINT BUCKET PREFIX                       all below it
//   staging_driver serve DIRECTORY BUCKET                              our gateway, until a signal
//
// Keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. An ENDPOINT that ends in /v3 is
// Keystone's; whose Swift it is stands in OpenStack's own variables. Prints what it did as one
// line.
#include <fmt/format.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "gateway/gateway.hpp"
#include "objectstore/dataset_cache.hpp"
#include "objectstore/listing.hpp"
#include "objectstore/open_store.hpp"
#include "objectstore/transfer.hpp"

namespace {

using namespace trainyard;
using Arguments = std::vector<std::string>;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::unique_ptr<objectstore::ObjectStore> open(const Arguments& arguments) {
  model::StoreReference reference;
  const std::string& endpoint = arguments.at(1);
  if (endpoint.ends_with("/v3")) {
    reference.connection = model::SwiftConnection{endpoint,
                                                  variable("OS_USERNAME"),
                                                  Secret(variable("OS_PASSWORD")),
                                                  variable("OS_REGION_NAME"),
                                                  variable("OS_USER_DOMAIN_NAME"),
                                                  variable("OS_PROJECT_ID")};
  } else {
    reference.connection = model::S3Connection{endpoint, variable("AWS_ACCESS_KEY_ID"),
                                               Secret(variable("AWS_SECRET_ACCESS_KEY")), ""};
  }
  reference.bucket = arguments.at(2);
  return objectstore::open_store(reference);
}

objectstore::TransferOptions transfer_options() {
  objectstore::TransferOptions options;
  if (const std::string n = variable("CONNECTIONS"); !n.empty()) {
    options.connections = static_cast<unsigned>(std::stoul(n));
  }
  options.on_log = [](std::string_view line) { fmt::print("  {}\n", line); };
  return options;
}

objectstore::TreeReport stage(const Arguments& arguments, objectstore::DataAccess access) {
  const bool shared = access == objectstore::DataAccess::SharedReadOnly;
  const auto cache = objectstore::open_dataset_cache({.directory = arguments.at(shared ? 4 : 5)});
  const auto begin = std::chrono::steady_clock::now();
  const auto store = open(arguments);
  objectstore::StageRequest request;
  request.prefix = objectstore::folder_prefix(arguments.at(3));
  request.access = access;
  if (!shared) request.directory = arguments.at(4);
  request.transfer = transfer_options();
  const objectstore::Dataset dataset = cache->stage(*store, request, {});
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - begin;
  fmt::print("ready_ms={:.1f} directory={}\n", time.count(), dataset.directory().string());
  return dataset.report();
}

int serve(const Arguments& arguments) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  SystemClock clock;
  gateway::GatewayOptions options;
  options.directory = arguments.at(1);
  options.credentials = [](std::string_view key) -> std::optional<Secret> {
    if (key != variable("AWS_ACCESS_KEY_ID")) return std::nullopt;
    return Secret(variable("AWS_SECRET_ACCESS_KEY"));
  };
  const auto gateway = gateway::open_gateway(std::move(options), clock);
  gateway->create_bucket(arguments.at(2));
  fmt::print("{}\n", gateway->endpoint());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  return 0;
}

objectstore::TreeReport remove_all(const Arguments& arguments) {
  const auto store = open(arguments);
  objectstore::Listing listing;
  objectstore::list_all(*store, objectstore::folder_prefix(arguments.at(3)), listing, {}, {});
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i; (i = next++) < listing.size();)
      store->remove(std::string(listing[i].key()), {});
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 16; ++i) threads.emplace_back(work);
  }
  return {.files = listing.size()};
}

objectstore::TreeReport transfer(const Arguments& arguments) {
  const std::string& verb = arguments.at(0);
  if (verb == "stage") return stage(arguments, objectstore::DataAccess::PrivateCopy);
  if (verb == "share") return stage(arguments, objectstore::DataAccess::SharedReadOnly);
  if (verb == "remove") return remove_all(arguments);
  const auto store = open(arguments);
  if (verb == "download") {
    return objectstore::download_tree(*store, objectstore::folder_prefix(arguments.at(3)),
                                      arguments.at(4), transfer_options(), {});
  }
  if (verb == "upload") {
    return objectstore::make_tree_uploader(*store, arguments.at(4), arguments.at(3),
                                           transfer_options())
        ->finish({});
  }
  throw Error(ErrorKind::InvalidInput, "no such verb: " + verb);
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments(argv + 1, argv + argc);
  try {
    if (arguments.at(0) == "serve") return serve(arguments);
    const objectstore::TreeReport report = transfer(arguments);
    fmt::print("files={} bytes={} transferred={}\n", report.files, report.bytes,
               report.transferred_files);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "staging_driver: {}\n", error.what());
    return 1;
  }
}
