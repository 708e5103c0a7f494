#pragma once
// HTTP/1.1 and WebSocket server on Boost.Beast.
//
// An idle or following connection costs a coroutine; a request costs a worker thread only from the
// end of its header to the end of its answer. Handlers are plain blocking functions, called on a
// worker thread, many at once. A handler that throws Error is answered by `on_error`; anything else
// that it throws is a 500 by `on_error` and is logged.
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "http/message.hpp"

namespace trainyard::http {

// The request body, read by the handler while it arrives. A handler that answers without reading
// all of it is fine: the server drains a short rest or closes the connection.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  // nullopt: chunked. 0: no body.
  virtual std::optional<std::uint64_t> content_length() const = 0;
  // Blocks for the next bytes; 0 at the end. Throws Error: Timeout (the peer is too slow),
  // Unavailable (it closed early), TooLarge (over the server's body limit).
  // Sends "100 Continue" before the first byte when the client waits for it.
  virtual std::size_t read(std::span<char> into) = 0;
  // The rest as a string; TooLarge when it is longer than `limit`.
  std::string read_all(std::size_t limit);
};

struct Request {
  std::string method;     // upper case, as sent
  std::string target;     // raw request target, "/a%20b?x=1"
  std::string raw_path;   // still percent-encoded, no query; never normalised
  std::string path;       // percent-decoded; a broken escape was answered with 400
  std::string raw_query;  // without '?'
  Query query;
  Headers headers;
  std::string peer;  // "127.0.0.1:51234"
  bool head() const { return method == "HEAD"; }
  BodyReader* body = nullptr;  // valid during the handler call
  // While the handler holds what it returns, it waits for another service, and another handler may
  // run in its place. Throws Unavailable when too many wait. Valid during the handler call.
  std::function<std::shared_ptr<void>()> step_aside;
  // Requested when the server begins to stop: a handler that waits for another service answers
  // then, while the peer can still be told.
  std::stop_token stop;
  bool secure = false;     // came by TLS
  bool http10 = false;     // HTTP/1.0, which knows no chunks
  std::string request_id;  // unique; sent back as X-Request-Id
};

// Bytes of a file that stay as they are for as long as it is held.
struct FileSlice {
  std::shared_ptr<const Fd> file;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

// Bytes that become available over time (a log being written). The connection's coroutine asks for
// bytes; when there are none it waits for the wake-up that it registered. Implementations are
// thread-safe and outlive neither the server nor the connection.
class PushSource {
 public:
  virtual ~PushSource() = default;
  struct Chunk {
    std::string bytes;
    bool end = false;  // true: this is the last
    // Go out after `bytes`, and are copied by nobody on this side. Of a StreamBody only.
    std::vector<FileSlice> slices = {};
    bool framed = false;       // the slices are chunks already (chunk_of); not for HTTP/1.0
    std::size_t size() const;  // 0: nothing now
  };
  // About `max` bytes at most. Never blocks. Called on an io thread, one call at a time. Throwing
  // ends the connection; an Unauthenticated Error is no defect, but the peer's right that has
  // ended.
  virtual Chunk poll(std::size_t max) = 0;
  // Called once, before the first poll. `wake` may be called from any thread, any number of times,
  // also after the connection ended; it must be called after bytes or the end became available.
  virtual void on_ready(std::function<void()> wake) = 0;
};

struct FileBody {  // `length` bytes of an open file from `offset`
  Fd file;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};
// Chunked, as it comes. A peer that closes its connection, or its sending half of it, is taken to
// have left, and the source is released. When the server stops, or the source throws, the last
// chunk is missing, so that the peer can tell the cut from the end.
struct StreamBody {
  std::shared_ptr<PushSource> source;
};
// The blocking pull form: called until it returns an empty string. Chunked unless `length` is set.
// A throw by the first call is answered by `on_error`; a later one breaks the connection.
struct PullBody {
  std::function<std::string()> next;
  std::optional<std::uint64_t> length;
};
using Body = std::variant<std::string, FileBody, StreamBody, PullBody>;

struct Response {
  int status = 200;
  Headers headers;
  // Never sent for HEAD, 204 and 304. Content-Length follows from it; the handler's own counts only
  // for HEAD and 304.
  Body body;
};

// Upgrade to WebSocket: text frames go out as `source` yields them, each poll() result one frame
// (so poll's `max` is the frame limit, below 32 KiB, and each result must be whole UTF-8). At the
// end the server closes with `close_code`, with 1001 when it stops, with 1011 when the source
// throws (1008 for an Unauthenticated Error). Frames that the peer sends are read and dropped (at
// most 4 KiB each; pings answered); a connection idle for half of ServerOptions::idle_timeout is
// pinged.
struct WebSocketAccept {
  std::shared_ptr<PushSource> source;
  std::uint16_t close_code = 1000;
};
using Answer =
    std::variant<Response, WebSocketAccept>;  // WebSocketAccept only for upgrade requests

using Handler = std::function<Answer(Request&)>;
// What the server finds, mostly before a handler could run (malformed, too large, too slow, too
// many connections): `status` goes out, 400, 408, 413, 417, 431, 501, 503 or 505; `kind` and the
// text go to the ErrorHandler for the body.
class ProtocolError : public Error {
 public:
  ProtocolError(int status, ErrorKind kind, std::string message)
      : Error(kind, std::move(message)), status_(status) {}
  int status() const noexcept { return status_; }

 private:
  int status_;
};

// Makes the answer to an error: one that a handler threw, or a ProtocolError, for which the request
// may be empty in part, and whose status replaces the answer's. Called on any thread; must be
// quick.
using ErrorHandler = std::function<Response(const Request&, const Error&)>;
bool is_websocket_upgrade(const Request& request);
// By Accept-Encoding (RFC 9110, 12.5.3): gzip, x-gzip or *, unless with q=0.
bool accepts_gzip(const Request& request);

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;        // 0: a free one
  unsigned io_threads = 1;       // for thousands of followers: io_threads_for_many()
  unsigned worker_threads = 16;  // started when first needed
  std::size_t max_header_bytes = 64 * 1024;
  std::uint64_t max_body_bytes = std::uint64_t(5) << 30;
  std::size_t max_connections = 20'000;
  std::chrono::milliseconds header_timeout{30'000};
  std::chrono::milliseconds idle_timeout{120'000};  // keep-alive
  std::chrono::milliseconds body_timeout{60'000};   // without a byte
  std::chrono::milliseconds write_timeout{60'000};  // without the peer taking a byte
  bool compress = false;                            // long texts as gzip to those who take it
  // PEM files; both or none. With them the server speaks TLS and nothing else.
  std::string certificate_file, key_file;
  std::string server_name = "trainyard";
};

// One for each core, up to four.
unsigned io_threads_for_many();

class Server {
 public:
  virtual ~Server() = default;  // as stop()
  virtual std::uint16_t port() const = 0;
  // Stops accepting, lets handlers in progress finish for at most `grace`, ends follow streams,
  // closes, and joins the threads. After `grace` the connections are broken off, so that handlers
  // that read or write fail; one that never returns is waited for. Idempotent. Thread-safe, but
  // not for a handler to call.
  virtual void stop(std::chrono::milliseconds grace = std::chrono::milliseconds(2000)) = 0;
};

// Listens at once and serves on threads of its own. Throws Error (Conflict: address in use;
// InvalidInput: not an address, or no certificate and key).
std::unique_ptr<Server> serve(ServerOptions options, Handler handler, ErrorHandler on_error);

}  // namespace trainyard::http
