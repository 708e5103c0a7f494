#include "http/testing.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <zlib.h>

#include <stdexcept>
#include <thread>

#include "base/error.hpp"
#include "http/loopback_testing.hpp"

namespace trainyard::http::testing {

namespace {

int status_for(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::InvalidInput:
      return 400;
    case ErrorKind::NotFound:
      return 404;
    case ErrorKind::TooLarge:
      return 413;
    case ErrorKind::Unavailable:
      return 503;
    case ErrorKind::Timeout:
      return 408;
    default:
      return 500;
  }
}

void limit_waiting(int fd) {
  const timeval patience{std::chrono::duration_cast<std::chrono::seconds>(kPatience).count(), 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

}  // namespace

Response text(std::string body) {
  Response response;
  response.body = std::move(body);
  return response;
}

Response plain_error(const Request&, const Error& error) {
  Response response;
  response.status = status_for(error.kind());
  response.headers.add("Content-Type", "text/plain");
  response.body = fmt::format("{}: {}", to_string(error.kind()), error.what());
  return response;
}

std::unique_ptr<Server> start(Handler handler, ServerOptions options) {
  return serve(std::move(options), std::move(handler), plain_error);
}

std::string gunzip(std::string_view bytes, Cut cut) {
  std::string result(16 << 20, '\0');
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  const int code = inflate(&stream, Z_SYNC_FLUSH);
  result.resize(stream.total_out);
  inflateEnd(&stream);
  if (code == Z_STREAM_END || (cut == Cut::Yes && code == Z_OK)) return result;
  throw Error(ErrorKind::Corrupt, "no gzip stream");
}

std::string url_of(const Server& server, std::string_view target) {
  return fmt::format("http://127.0.0.1:{}{}", server.port(), target);
}

ClientResponse get(const Server& server, std::string_view target) {
  ClientRequest request;
  request.url = url_of(server, target);
  return make_client()->send(request);
}

RawSocket::RawSocket(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const sockaddr_in address = loopback(port);
  if (connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw_errno("connect");
  }
  limit_waiting(fd_.get());
}

RawSocket::RawSocket(Fd connected) : fd_(std::move(connected)) { limit_waiting(fd_.get()); }

void RawSocket::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0) throw_errno("send");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void RawSocket::finish_sending() { shutdown(fd_.get(), SHUT_WR); }

void RawSocket::reset() {
  const linger none{1, 0};
  setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
  fd_.reset();
}

std::string RawSocket::receive_some() {
  char buffer[16 * 1024];
  const ssize_t count = recv(fd_.get(), buffer, sizeof buffer, 0);
  if (count < 0) throw_errno("receive");
  return {buffer, static_cast<std::size_t>(count)};
}

std::string RawSocket::receive_until(std::string_view mark) {
  std::string all;
  while (all.find(mark) == std::string::npos) {
    const std::string piece = receive_some();
    if (piece.empty()) throw std::runtime_error("the stream ended after: " + all);
    all += piece;
  }
  return all;
}

std::string RawSocket::receive_all() {
  std::string all;
  for (std::string piece = receive_some(); !piece.empty(); piece = receive_some()) all += piece;
  return all;
}

struct RawServer::Impl {
  Fd listener;
  std::thread thread;
};

RawServer::RawServer(std::function<void(RawSocket, int)> serve) : impl_(std::make_unique<Impl>()) {
  impl_->listener = Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int fd = impl_->listener.get();
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(fd, 64) != 0) {
    throw_errno("listen");
  }
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  impl_->thread = std::thread([fd, serve = std::move(serve)] {
    for (int index = 0;; ++index) {
      Fd accepted(accept4(fd, nullptr, nullptr, SOCK_CLOEXEC));
      if (!accepted) return;
      try {
        serve(RawSocket(std::move(accepted)), index);
      } catch (const std::exception&) {
        // The client left; the test looks at what the client saw.
      }
    }
  });
}

RawServer::~RawServer() {
  shutdown(impl_->listener.get(), SHUT_RDWR);  // wakes accept
  impl_->thread.join();
}

std::string url_of(const RawServer& server, std::string_view target) {
  return fmt::format("http://127.0.0.1:{}{}", server.port(), target);
}

ErrorKind failure_of(const ClientRequest& request, std::string* message) {
  try {
    make_client()->send(request);
  } catch (const Error& error) {
    if (message != nullptr) *message = error.what();
    return error.kind();
  }
  ADD_FAILURE() << "no error";
  return ErrorKind::Internal;
}

void FakeLog::append(std::string_view bytes) {
  {
    std::scoped_lock guard(mutex_);
    bytes_ += bytes;
  }
  ring();
}

void FakeLog::finish() {
  {
    std::scoped_lock guard(mutex_);
    finished_ = true;
  }
  ring();
}

void FakeLog::ring() {
  std::function<void()> wake;
  {
    std::scoped_lock guard(mutex_);
    wake = wake_;
  }
  if (wake) wake();
}

PushSource::Chunk FakeLog::poll(std::size_t max) {
  std::scoped_lock guard(mutex_);
  Chunk chunk{bytes_.substr(read_, max), false};
  read_ += chunk.bytes.size();
  chunk.end = finished_ && read_ == bytes_.size();
  return chunk;
}

void FakeLog::on_ready(std::function<void()> wake) {
  std::scoped_lock guard(mutex_);
  if (!wake_) followed_.set_value();
  wake_ = std::move(wake);
}

}  // namespace trainyard::http::testing
