#include "objectstore/fault_proxy.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <regex>
#include <set>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "base/strings.hpp"
#include "base/sync.hpp"
#include "http/loopback_testing.hpp"
#include "http/server.hpp"
#include "objectstore/endpoint.hpp"

namespace trainyard::objectstore {
namespace {

using http::testing::loopback;

// The sockets that somebody may be waiting at, for an end in spite of that.
class OpenSockets {
 public:
  // False: it is over already.
  bool add(int fd) {
    return fds_.with([&](State& state) { return !state.ended && state.fds.insert(fd).second; });
  }
  void remove(int fd) {
    fds_.with([&](State& state) { state.fds.erase(fd); });
  }
  void shut_down() {
    fds_.with([](State& state) {
      state.ended = true;
      for (const int fd : state.fds) ::shutdown(fd, SHUT_RDWR);
    });
  }

 private:
  struct State {
    bool ended = false;
    std::set<int> fds;
  };
  Sync<State> fds_;
};

struct Closed {};  // thrown when a connection ended

// One end of a connection.
class Wire {
 public:
  Wire(Fd fd, OpenSockets& open) : fd_(std::move(fd)), open_(open) {
    if (!open_.add(fd_.get())) throw Closed{};
  }
  ~Wire() { open_.remove(fd_.get()); }
  Wire(const Wire&) = delete;

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) throw Closed{};
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  // Up to and with the blank line.
  std::string receive_head() {
    while (buffer_.find("\r\n\r\n") == buffer_.npos) fill();
    return take(buffer_.find("\r\n\r\n") + 4);
  }
  std::string receive(std::size_t count) {
    while (buffer_.size() < count) fill();
    return take(count);
  }
  std::string receive_all() {
    try {
      while (true) fill();
    } catch (const Closed&) {
    }
    return take(buffer_.size());
  }
  void wait_for_the_end() {
    while (true) fill();
  }
  void reset_on_close() {
    const linger at_once{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }

 private:
  void fill() {
    char piece[64 * 1024];
    const ssize_t got = ::recv(fd_.get(), piece, sizeof piece, 0);
    if (got <= 0) throw Closed{};
    buffer_.append(piece, static_cast<std::size_t>(got));
  }
  std::string take(std::size_t count) {
    std::string taken = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return taken;
  }

  Fd fd_;
  OpenSockets& open_;
  std::string buffer_;
};

struct Message {
  std::string first_line;
  http::Headers headers;
  std::string body;

  std::string head() const {
    std::string text = first_line + "\r\n";
    for (const auto& [name, value] : headers.items()) text += name + ": " + value + "\r\n";
    return text + "\r\n";
  }
};

Message parse_head(std::string_view head) {
  Message message;
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(line.size() + 2);
    const std::size_t colon = line.find(':');
    if (message.first_line.empty()) {
      message.first_line = line;
    } else if (colon != line.npos) {
      message.headers.add(std::string(line.substr(0, colon)),
                          std::string(trim(line.substr(colon + 1))));
    }
  }
  return message;
}

std::string without_chunks(std::string_view body) {
  std::string whole;
  while (true) {
    const std::size_t line = body.find("\r\n");
    const std::size_t size = std::stoul(std::string(body.substr(0, line)), nullptr, 16);
    if (size == 0) return whole;
    whole += body.substr(line + 2, size);
    body.remove_prefix(line + 2 + size + 2);
  }
}

// What came until the end of the connection, told as one body of a known length.
Message parse_answer(std::string all, bool has_body) {
  const std::size_t end = all.find("\r\n\r\n");
  if (end == all.npos) throw Closed{};
  Message answer = parse_head(std::string_view(all).substr(0, end + 4));
  answer.headers.erase("Connection");
  if (!has_body) return answer;
  answer.body = all.substr(end + 4);
  if (answer.headers.get("Transfer-Encoding")) {
    answer.body = without_chunks(answer.body);
    answer.headers.erase("Transfer-Encoding");
  }
  answer.headers.set("Content-Length", std::to_string(answer.body.size()));
  return answer;
}

Message canned(const Fault& fault, const std::string& method) {
  Message answer{fmt::format("HTTP/1.1 {} as scripted", *fault.status), fault.headers, fault.body};
  answer.headers.set("Content-Length", std::to_string(answer.body.size()));
  if (method == "HEAD") answer.body.clear();
  return answer;
}

void flip_a_bit(std::string& text) {
  if (!text.empty()) text[text.size() / 2] ^= 1;
}

}  // namespace

// One server behind the proxy: its connections, each a thread.
class FaultProxy::Server {
 public:
  using Rename = std::function<std::string(const std::string&)>;
  Server(const std::string& url, Sync<Script>& script, Rename rename)
      : target_(parse_endpoint(url)),
        script_(script),
        rename_(std::move(rename)),
        listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.get(), any, size) != 0 || ::listen(listener_.get(), 64) != 0 ||
        ::getsockname(listener_.get(), any, &size) != 0) {
      throw_errno("listen for a test");
    }
    url_ = fmt::format("http://127.0.0.1:{}", ntohs(address.sin_port));
    open_.add(listener_.get());
    acceptor_ = std::jthread([this] { accept(); });
  }
  ~Server() {
    open_.shut_down();
    acceptor_.join();
  }

  const std::string& url() const { return url_; }

 private:
  void accept() {
    std::vector<std::jthread> connections;
    while (true) {
      Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!client) return;
      connections.emplace_back([this, client = std::move(client)]() mutable {
        try {
          Wire wire(std::move(client), open_);
          while (true) serve(wire);
        } catch (const Closed&) {
        }
      });
    }
  }

  void serve(Wire& client) {
    Message request = parse_head(client.receive_head());
    const std::size_t blank = request.first_line.find(' ');
    http::ClientRequest seen;
    seen.method = request.first_line.substr(0, blank);
    seen.url =
        url_ + request.first_line.substr(blank + 1, request.first_line.rfind(' ') - blank - 1);
    seen.headers = request.headers;
    const Fault fault =
        script_.with([&](Script& script) { return script(seen); }).value_or(Fault{});
    const std::size_t length =
        parse_u64(request.headers.get("Content-Length").value_or("")).value_or(0);
    if (fault.reset_before) break_off(client);
    if (fault.reset_inside) {
      request.body = client.receive(length / 2);
      ask(request);
      break_off(client);
    }
    request.body = client.receive(length);
    if (fault.corrupt_upload) flip_a_bit(request.body);
    if (fault.time_out) client.wait_for_the_end();
    Message answer = fault.status ? canned(fault, seen.method)
                                  : parse_answer(ask(request), seen.method != "HEAD");
    send_answer(client, std::move(answer), fault);
  }

  [[noreturn]] static void break_off(Wire& client) {
    client.reset_on_close();
    throw Closed{};
  }

  // Of half a body: the connection ends behind it.
  std::string ask(Message& request) {
    request.headers.set("Connection", "close");
    Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = loopback(target_.port);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw Closed{};
    }
    const bool whole = request.body.size() ==
                       parse_u64(request.headers.get("Content-Length").value_or("")).value_or(0);
    Wire server(std::move(fd), open_);
    server.send(request.head() + request.body);
    return whole ? server.receive_all() : std::string();
  }

  void send_answer(Wire& client, Message answer, const Fault& fault) {
    if (answer.headers.get("X-Subject-Token") || answer.headers.get("X-Storage-Url")) {
      rename_servers(answer);
    }
    if (fault.delay.count() != 0) std::this_thread::sleep_for(fault.delay);
    if (fault.reset_after) break_off(client);
    if (fault.cut_head) {
      client.send(std::string_view(answer.head()).substr(0, answer.head().size() / 2));
      throw Closed{};
    }
    if (fault.corrupt_answer) flip_a_bit(answer.body);
    if (fault.truncate && !answer.body.empty()) {
      answer.body.resize(answer.body.size() / 2);
      answer.headers.set("Content-Length", std::to_string(answer.body.size()));
    }
    const std::size_t sent = fault.cut_after.value_or(answer.body.size());
    client.send(answer.head() + answer.body.substr(0, sent));
    if (fault.cut_after) throw Closed{};
  }

  void rename_servers(Message& answer) {
    const auto renamed = [&](std::string text) {
      static const std::regex kServer("http://127\\.0\\.0\\.1:[0-9]+");
      std::string result;
      for (std::smatch found; std::regex_search(text, found, kServer); text = found.suffix()) {
        result += found.prefix().str() + rename_(found.str());
      }
      return result + text;
    };
    if (const auto place = answer.headers.get("X-Storage-Url")) {
      answer.headers.set("X-Storage-Url", renamed(*place));
    }
    answer.body = renamed(answer.body);
    answer.headers.set("Content-Length", std::to_string(answer.body.size()));
  }

  const Endpoint target_;
  Sync<Script>& script_;
  const Rename rename_;
  Fd listener_;
  std::string url_;
  OpenSockets open_;
  std::jthread acceptor_;
};

struct FaultProxy::State {
  Sync<Script> script;
  Sync<std::map<std::string, std::unique_ptr<Server>>> servers;
};

FaultProxy::FaultProxy(Script script) : state_(std::make_unique<State>()) {
  *state_->script.lock() = std::move(script);
}

// Outside of the lock: connections ask for more servers while they end.
FaultProxy::~FaultProxy() {
  std::map<std::string, std::unique_ptr<Server>> ending;
  while (!state_->servers.with([&](auto& servers) {
    ending.swap(servers);
    return ending.empty();
  })) {
    ending.clear();
  }
}

std::string FaultProxy::url_for(const std::string& server) {
  return state_->servers.with([&](auto& servers) {
    for (const auto& [target, known] : servers) {
      if (target == server || known->url() == server) return known->url();
    }
    auto& made = servers[server];
    made = std::make_unique<Server>(server, state_->script,
                                    [this](const std::string& other) { return url_for(other); });
    return made->url();
  });
}

namespace {

struct Proxied {
  explicit Proxied(std::optional<Fault> fault)
      : proxy([fault](const http::ClientRequest&) { return fault; }) {}
  http::ClientResponse send(const std::string& body) {
    const auto source = http::body_of(body);
    http::ClientRequest request;
    request.method = "PUT";
    request.url = proxy.url_for(fmt::format("http://127.0.0.1:{}", server->port())) + "/echo";
    request.body = source.get();
    return client->send(request);
  }
  static http::Answer echo(http::Request& request) {
    return http::Response{200, {}, "got " + request.body->read_all(1000)};
  }
  static http::Response refuse(const http::Request&, const Error& error) {
    return {500, {}, error.what()};
  }
  std::unique_ptr<http::Server> server = http::serve({}, echo, refuse);
  std::shared_ptr<http::Client> client = http::make_client();
  FaultProxy proxy;
};

TEST(FaultProxy, PassesOnWhatHasNoFault) {
  Proxied through(std::nullopt);
  EXPECT_EQ(through.send("one").body, "got one");
  EXPECT_EQ(through.send("two").body, "got two");
}

TEST(FaultProxy, DamagesEachDirectionWhereItIsTold) {
  EXPECT_EQ(Proxied({{.corrupt_upload = true}}).send("aaa").body, "got a`a");
  EXPECT_EQ(Proxied({{.corrupt_answer = true}}).send("aaa").body, "got!aaa");
  EXPECT_EQ(Proxied({{.truncate = true}}).send("aaa").body, "got");
}

TEST(FaultProxy, BreaksConnections) {
  for (const Fault& fault :
       {Fault{.reset_before = true}, Fault{.reset_after = true}, Fault{.reset_inside = true},
        Fault{.cut_after = 2}, Fault{.cut_head = true}}) {
    EXPECT_THROW(Proxied(fault).send("aaa"), Error);
  }
}

}  // namespace
}  // namespace trainyard::objectstore
