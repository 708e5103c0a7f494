#pragma once
// A container of OpenStack Swift (type bluemix_objectstore, T14), with Keystone v3 passwords or the
// older v1 authentication (an auth_url that ends in /v1.0).
//
// A token is fetched with the first call, renewed before it ends and after a 401. Static and
// dynamic large objects are read as the one object that they stand for; sources above
// `single_limit` are written as static large objects, their segments in the container
// "<container>_segments".
#include <chrono>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "http/client.hpp"
#include "model/manifest.hpp"
#include "objectstore/endpoint.hpp"
#include "objectstore/object_store.hpp"
#include "objectstore/retry.hpp"

namespace trainyard::objectstore {

enum class SwiftAuth { KeystoneV3, V1 };

struct SwiftOptions {
  SwiftAuth auth = SwiftAuth::KeystoneV3;
  Endpoint auth_url;  // Keystone: with /v3 at its end
  std::string user_name;
  Secret password;
  std::string region;       // empty: the only one of the catalogue
  std::string domain_name;  // empty: the domain whose id is "default"
  std::string project_id;   // empty: the user's own
  std::string container;
  std::uint64_t single_limit = std::uint64_t(5) << 30;
  std::uint64_t segment_size = std::uint64_t(1) << 30;
  unsigned segment_connections = 4;  // segments under way at once, over all put() calls
  std::size_t page_size = 2000;      // of a listing; at most 10,000
  RetryPolicy retry;                 // of the segments
  std::shared_ptr<RetryWatch> retry_watch = nullptr;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds stall_timeout{60'000};
};

// Throws InvalidInput.
SwiftOptions swift_options(const model::SwiftConnection& connection, const std::string& container);

// `clock` must outlive the store.
std::unique_ptr<ObjectStore> open_swift(SwiftOptions options, std::shared_ptr<http::Client> client,
                                        Clock& clock);

}  // namespace trainyard::objectstore
