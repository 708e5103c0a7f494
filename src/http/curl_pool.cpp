#include "http/curl_pool.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"

namespace trainyard::http {

namespace {

template <typename Handle>
Handle* checked(Handle* handle) {
  if (handle == nullptr) throw Error(ErrorKind::Exhausted, "out of memory for an HTTP connection");
  return handle;
}

void init_library() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) throw Error(ErrorKind::Internal, "libcurl cannot be initialised");
}

std::mutex& mutex_for(void* mutexes, curl_lock_data data) {
  return (*static_cast<std::array<std::mutex, CURL_LOCK_DATA_LAST>*>(mutexes))[data];
}

}  // namespace

CurlSlot::CurlSlot(std::string origin)
    : origin_(std::move(origin)), multi_(checked(curl_multi_init())), easy_(curl_easy_init()) {
  if (easy_ == nullptr) curl_multi_cleanup(multi_);
  checked(easy_);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 1L);
}

CurlSlot::~CurlSlot() {
  curl_easy_reset(easy_);  // it may still point at a request that is gone
  curl_easy_cleanup(easy_);
  curl_multi_cleanup(multi_);
}

CurlShare::CurlShare() {
  init_library();
  share_ = checked(curl_share_init());
  curl_share_setopt(share_, CURLSHOPT_USERDATA, static_cast<void*>(&mutexes_));
  curl_share_setopt(
      share_, CURLSHOPT_LOCKFUNC, +[](CURL*, curl_lock_data data, curl_lock_access, void* mutexes) {
        mutex_for(mutexes, data).lock();
      });
  curl_share_setopt(
      share_, CURLSHOPT_UNLOCKFUNC,
      +[](CURL*, curl_lock_data data, void* mutexes) { mutex_for(mutexes, data).unlock(); });
  curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
  curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
}

CurlShare::~CurlShare() { curl_share_cleanup(share_); }

CurlPool::CurlPool(std::size_t max_idle) : max_idle_(max_idle) {}

std::unique_ptr<CurlSlot> CurlPool::take(const std::string& origin) {
  auto idle = idle_.lock();
  const auto found = std::find_if(idle->rbegin(), idle->rend(),
                                  [&](const auto& slot) { return slot->origin() == origin; });
  if (found == idle->rend()) return std::make_unique<CurlSlot>(origin);
  std::unique_ptr<CurlSlot> slot = std::move(*found);
  idle->erase(std::next(found).base());
  return slot;
}

void CurlPool::give_back(std::unique_ptr<CurlSlot> slot) {
  curl_easy_reset(slot->easy());     // forgets pointers into the request; keeps the connection
  std::unique_ptr<CurlSlot> oldest;  // closed after the lock is released
  auto idle = idle_.lock();
  idle->push_back(std::move(slot));
  if (idle->size() <= max_idle_) return;
  oldest = std::move(idle->front());
  idle->erase(idle->begin());
}

}  // namespace trainyard::http
