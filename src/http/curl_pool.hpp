#pragma once
// Owners of libcurl's handles, and the pool that keeps their connections alive between requests.
// Internal to src/http.
#include <curl/curl.h>

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/sync.hpp"

namespace trainyard::http {

// One easy handle in a multi of its own, which keeps at most one connection, to `origin`.
class CurlSlot {
 public:
  explicit CurlSlot(std::string origin);
  ~CurlSlot();
  CurlSlot(const CurlSlot&) = delete;
  CurlSlot& operator=(const CurlSlot&) = delete;

  CURL* easy() const { return easy_; }
  CURLM* multi() const { return multi_; }
  const std::string& origin() const { return origin_; }

 private:
  std::string origin_;
  CURLM* multi_;
  CURL* easy_;
};

// DNS answers and TLS sessions, shared by the slots of a pool. Thread-safe.
class CurlShare {
 public:
  CurlShare();
  ~CurlShare();
  CurlShare(const CurlShare&) = delete;
  CurlShare& operator=(const CurlShare&) = delete;

  CURLSH* handle() const { return share_; }

 private:
  std::array<std::mutex, CURL_LOCK_DATA_LAST> mutexes_;
  CURLSH* share_;
};

// Idle slots, the most recently used last. Thread-safe.
class CurlPool {
 public:
  explicit CurlPool(std::size_t max_idle);
  // A slot whose connection leads to `origin` if one is idle, else a new one.
  std::unique_ptr<CurlSlot> take(const std::string& origin);
  void give_back(std::unique_ptr<CurlSlot> slot);
  CURLSH* share() const { return share_.handle(); }

 private:
  std::size_t max_idle_;
  CurlShare share_;  // outlives the slots
  Sync<std::vector<std::unique_ptr<CurlSlot>>> idle_;
};

}  // namespace trainyard::http
