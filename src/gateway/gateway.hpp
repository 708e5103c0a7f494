#pragma once
// The embedded S3-compatible object store: the default of a single machine. One directory holds
// everything; it serves path-style S3 (http://host:port/bucket/key, or https) on a port of its own.
// Every request is signed with AWS Signature Version 4; there is one owner, and no public access.
//
// An object is whole or absent after a crash at any moment, and durable when its PUT is answered.
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "gateway/auth.hpp"

namespace trainyard::gateway {

struct GatewayOptions {
  std::filesystem::path directory;  // made with mode 0700; one process at a time
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  // 0: a free one
  // Named in answers and asked of CreateBucket; a signature may be for any region.
  std::string region = "us-east-1";
  CredentialLookup credentials;
  std::filesystem::path certificate_file, key_file;  // PEM, both or none; with them it speaks TLS
  unsigned worker_threads = 16;                      // requests in progress at the same time
};

struct Usage {
  std::uint64_t buckets = 0;
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;  // of the objects, without unfinished uploads
};

// Thread-safe.
class Gateway {
 public:
  virtual ~Gateway() = default;  // as stop()
  virtual std::uint16_t port() const = 0;
  virtual std::string endpoint() const = 0;  // "http://127.0.0.1:9000", https with TLS
  // False when there was one of that name. Throws Error InvalidInput for a name S3 does not allow.
  virtual bool create_bucket(const std::string& name) = 0;
  virtual Usage usage() = 0;  // counts: takes its time on millions of objects
  // Stops accepting and lets requests in progress finish for a moment. Idempotent.
  virtual void stop() = 0;
};

// Opens the store and serves it on threads of its own. `clock` must outlive it. Throws Error:
// Conflict (the directory or the address is in use, or the index is of a newer version),
// InvalidInput (not an address), Forbidden, Exhausted.
std::unique_ptr<Gateway> open_gateway(GatewayOptions options, const Clock& clock);

}  // namespace trainyard::gateway
