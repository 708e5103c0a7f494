#pragma once
// One request on one libcurl handle: callbacks, limits, and exceptions carried through C frames.
// Internal to src/http.
#include <curl/curl.h>

#include <chrono>
#include <exception>
#include <string>
#include <string_view>

#include "http/client.hpp"
#include "http/curl_pool.hpp"

namespace trainyard::http {

class CurlTransfer {
 public:
  // Both must outlive the transfer. The handle's other options are set by the caller.
  CurlTransfer(CurlSlot& slot, const ClientRequest& request);

  // Runs to the end. Throws what a callback threw, Canceled, or Timeout when the transfer stalls;
  // any other failure is returned as libcurl's code.
  CURLcode run();
  ClientResponse take_response() { return std::move(response_); }

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  static int on_connected(void* self, char*, char*, int, int);
  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self);
  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self);
  static std::size_t on_read(char* into, std::size_t, std::size_t max, void* self);
  static int on_seek(void* self, curl_off_t offset, int origin);

  // Runs `step`, keeping an exception for run(); false when it threw.
  template <typename Step>
  bool guarded(Step&& step) noexcept;
  void header_line(std::string_view line);
  void body_bytes(std::string_view bytes);
  std::size_t upload(char* into, std::size_t max);
  bool success() const { return response_.status >= 200 && response_.status < 300; }

  CURLcode drive();
  void check_limits() const;
  void wait();

  CurlSlot& slot_;
  const ClientRequest& request_;
  ClientResponse response_;
  std::uint64_t uploaded_ = 0;
  bool connected_ = false;
  bool head_done_ = false;
  SteadyTime last_progress_{};
  std::exception_ptr thrown_;
};

}  // namespace trainyard::http
