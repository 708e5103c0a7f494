#include "http/curl_transfer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <stop_token>

#include "base/strings.hpp"

namespace trainyard::http {

namespace {

constexpr std::size_t kErrorBodyLimit = 64 * 1024;

CurlTransfer& self_of(void* self) { return *static_cast<CurlTransfer*>(self); }

// Takes the easy handle out of the multi on every way out; the connection stays with the multi.
class Attached {
 public:
  explicit Attached(CurlSlot& slot) : slot_(slot) {
    if (curl_multi_add_handle(slot.multi(), slot.easy()) != CURLM_OK) {
      throw Error(ErrorKind::Internal, "libcurl does not take the request");
    }
  }
  ~Attached() { curl_multi_remove_handle(slot_.multi(), slot_.easy()); }
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;

 private:
  CurlSlot& slot_;
};

}  // namespace

CurlTransfer::CurlTransfer(CurlSlot& slot, const ClientRequest& request)
    : slot_(slot), request_(request) {
  CURL* easy = slot.easy();
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &CurlTransfer::on_connected);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, this);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, &CurlTransfer::on_read);
  curl_easy_setopt(easy, CURLOPT_READDATA, this);
  curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, &CurlTransfer::on_seek);
  curl_easy_setopt(easy, CURLOPT_SEEKDATA, this);
}

template <typename Step>
bool CurlTransfer::guarded(Step&& step) noexcept {
  try {
    step();
    last_progress_ = std::chrono::steady_clock::now();
    return true;
  } catch (...) {
    thrown_ = std::current_exception();
    return false;
  }
}

int CurlTransfer::on_connected(void* self, char*, char*, int, int) {
  self_of(self).connected_ = true;
  self_of(self).last_progress_ = std::chrono::steady_clock::now();
  return CURL_PREREQFUNC_OK;
}

std::size_t CurlTransfer::on_header(char* data, std::size_t, std::size_t size, void* self) {
  CurlTransfer& transfer = self_of(self);
  const bool ok = transfer.guarded([&] { transfer.header_line({data, size}); });
  return ok ? size : 0;
}

std::size_t CurlTransfer::on_body(char* data, std::size_t, std::size_t size, void* self) {
  CurlTransfer& transfer = self_of(self);
  const bool ok = transfer.guarded([&] { transfer.body_bytes({data, size}); });
  return ok ? size : CURL_WRITEFUNC_ERROR;
}

std::size_t CurlTransfer::on_read(char* into, std::size_t, std::size_t max, void* self) {
  CurlTransfer& transfer = self_of(self);
  std::size_t count = 0;
  const bool ok = transfer.guarded([&] { count = transfer.upload(into, max); });
  return ok ? count : CURL_READFUNC_ABORT;
}

int CurlTransfer::on_seek(void* self, curl_off_t offset, int origin) {
  CurlTransfer& transfer = self_of(self);
  if (origin != SEEK_SET || offset != 0) return CURL_SEEKFUNC_CANTSEEK;
  const bool ok = transfer.guarded([&] {
    transfer.request_.body->rewind();
    transfer.uploaded_ = 0;
  });
  return ok ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

// Called for each line of each head: interim 1xx answers start over, trailers are dropped.
void CurlTransfer::header_line(std::string_view line) {
  if (head_done_) return;
  line = trim(line);
  if (line.starts_with("HTTP/")) {
    response_.headers = {};
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos) return;
    response_.status = static_cast<int>(parse_u64(line.substr(blank + 1, 3)).value_or(0));
  } else if (!line.empty()) {
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::size_t value = std::min(colon + 1, line.size());
    response_.headers.add(std::string(line.substr(0, colon)),
                          std::string(trim(line.substr(value))));
  } else if (response_.status >= 200) {
    head_done_ = true;
    if (request_.on_headers) request_.on_headers(response_.status, response_.headers);
  }
}

void CurlTransfer::body_bytes(std::string_view bytes) {
  response_.body_bytes += bytes.size();
  if (!success()) {
    response_.body.append(bytes.substr(0, kErrorBodyLimit - response_.body.size()));
  } else if (request_.sink) {
    request_.sink(bytes);
  } else if (bytes.size() > request_.max_body - response_.body.size()) {
    throw Error(ErrorKind::TooLarge, fmt::format("the answer is longer than the {} allowed for it",
                                                 format_bytes(request_.max_body)));
  } else {
    response_.body.append(bytes);
  }
}

std::size_t CurlTransfer::upload(char* into, std::size_t max) {
  const std::uint64_t rest = request_.body->size() - uploaded_;
  if (rest == 0) return 0;
  const std::size_t count =
      request_.body->read(into, static_cast<std::size_t>(std::min<std::uint64_t>(rest, max)));
  if (count == 0) {
    throw Error(ErrorKind::Internal, fmt::format("the request body ended {} bytes early", rest));
  }
  uploaded_ += count;
  return count;
}

CURLcode CurlTransfer::run() {
  const Attached attached(slot_);
  const std::stop_callback wake(request_.stop, [this] { curl_multi_wakeup(slot_.multi()); });
  const CURLcode code = drive();
  if (thrown_) std::rethrow_exception(thrown_);
  if (code == CURLE_OK && !head_done_) {  // libcurl takes a cut head for a whole one
    throw Error(ErrorKind::Unavailable, "the connection closed inside the head of the answer");
  }
  return code;
}

CURLcode CurlTransfer::drive() {
  for (;;) {
    int running = 0;
    if (curl_multi_perform(slot_.multi(), &running) != CURLM_OK) {
      throw Error(ErrorKind::Internal, "libcurl cannot go on with the request");
    }
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(slot_.multi(), &left)) {
      if (message->msg == CURLMSG_DONE) return message->data.result;
    }
    check_limits();
    wait();
  }
}

void CurlTransfer::check_limits() const {
  if (request_.stop.stop_requested()) throw Error(ErrorKind::Canceled, "the request was stopped");
  if (!connected_) return;
  if (std::chrono::steady_clock::now() - last_progress_ < request_.stall_timeout) return;
  throw Error(ErrorKind::Timeout, fmt::format("no byte was sent or received for {} ms",
                                              request_.stall_timeout.count()));
}

// Until the socket is ready, the stop callback wakes us, or the next limit may be reached.
void CurlTransfer::wait() {
  using std::chrono::milliseconds;
  const auto now = std::chrono::steady_clock::now();
  auto rest = milliseconds(60'000);
  if (connected_) {
    const auto stall = last_progress_ + request_.stall_timeout - now;
    rest = std::clamp(std::chrono::ceil<milliseconds>(stall), milliseconds(1), rest);
  }
  curl_multi_poll(slot_.multi(), nullptr, 0, static_cast<int>(rest.count()), nullptr);
}

}  // namespace trainyard::http
