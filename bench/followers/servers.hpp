#pragma once
// Who is followed: a server with one log, as a process of its own; and nginx, which sends a file.
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>

#include "api/log_source.hpp"
#include "base/files.hpp"
#include "followers/crowd.hpp"
#include "http/server.hpp"

namespace trainyard::bench {

// GET follows the log, as gzip for those who take it; PUT appends to it.
[[noreturn]] inline void serve_log(int tell_port) {
  TempDir dir("trainyard-bench-", "/dev/shm");
  const auto logs = logstore::open_log_store(dir.path());
  const api::LogPlace place{model::RunId::generate()};
  api::SharedPieces pieces;
  const auto server = http::serve(
      {.io_threads = http::io_threads_for_many()},
      [&](http::Request& request) -> http::Answer {
        http::Response response;
        if (request.method == "PUT") {
          logs->append(place.run, place.stream, logs->size(place.run, place.stream),
                       request.body->read_all(64u << 20));
        } else {
          response.body = http::StreamBody{http::accepts_gzip(request)
                                               ? api::follow_log_as_gzip(*logs, place, pieces)
                                               : api::follow_log(*logs, place)};
        }
        return response;
      },
      [](const http::Request&, const Error&) { return http::Response{}; });
  const std::uint16_t port = server->port();
  if (write(tell_port, &port, sizeof port) != sizeof port) _exit(1);
  for (;;) pause();
}

class LogServer {
 public:
  LogServer() {
    const Pipe told = make_pipe();
    child_ = fork();
    if (child_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);  // also when the bench fails
      serve_log(told.write.get());
    }
    if (read(told.read.get(), &port_, sizeof port_) != sizeof port_)
      throw_errno("start the server");
    writer_ = connect_to(port_);
  }
  ~LogServer() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  LogServer(const LogServer&) = delete;
  LogServer& operator=(const LogServer&) = delete;

  std::uint16_t port() const { return port_; }
  // Does not wait for the answer.
  void append(std::string_view bytes) {
    send_all(writer_,
             fmt::format("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", bytes.size()));
    send_all(writer_, bytes);
  }
  std::uint64_t resident_bytes() const {
    std::ifstream file(fmt::format("/proc/{}/statm", child_));
    std::uint64_t pages = 0, resident = 0;
    file >> pages >> resident;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  }
  double processor_seconds() const {
    std::ifstream file(fmt::format("/proc/{}/stat", child_));
    std::string word;
    double ticks = 0;
    for (int field = 1; file >> word && field <= 15; ++field) {
      if (field >= 14) ticks += std::stod(word);
    }
    return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
  }

 private:
  pid_t child_ = 0;
  std::uint16_t port_ = 0;
  Fd writer_;
};

// nginx with one file and as many workers as we have io threads; nothing when it is not installed.
class Nginx {
 public:
  explicit Nginx(std::size_t size) {
    if (std::system("command -v nginx >/dev/null") != 0) return;
    port_ = free_port();
    const auto text = fmt::format(
        "daemon off; worker_processes {2}; {3} error_log /dev/null; pid {0}/pid;\n"
        "events {{ worker_connections 20000; }}\n"
        "http {{ access_log off; sendfile on; client_body_temp_path {0}; proxy_temp_path {0};\n"
        "  fastcgi_temp_path {0}; uwsgi_temp_path {0}; scgi_temp_path {0};\n"
        "  server {{ listen 127.0.0.1:{1} backlog=4096; root {0}; }} }}\n",
        dir_.path().string(), *port_, http::io_threads_for_many(),
        geteuid() == 0 ? "user root;" : "");
    write_file_atomic(dir_.path() / "nginx.conf", text, 0644);
    write_file_atomic(dir_.path() / "log", std::string(size, 'x'), 0644);
    child_ = fork();
    if (child_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGTERM);
      const auto conf = (dir_.path() / "nginx.conf").string();
      execlp("nginx", "nginx", "-e", "/dev/null", "-c", conf.c_str(), nullptr);
      _exit(127);
    }
    for (int i = 0; i < 500 && !fs::exists(dir_.path() / "pid"); ++i) usleep(10'000);
  }
  ~Nginx() {
    if (child_ == 0) return;
    kill(child_, SIGTERM);  // it ends its workers
    waitpid(child_, nullptr, 0);
  }
  Nginx(const Nginx&) = delete;
  Nginx& operator=(const Nginx&) = delete;

  std::optional<std::uint16_t> port() const { return port_; }

 private:
  static std::uint16_t free_port() {
    const Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw_errno("find a free port");
    }
    return ntohs(address.sin_port);
  }

  TempDir dir_{"trainyard-bench-", "/dev/shm"};
  std::optional<std::uint16_t> port_;
  pid_t child_ = 0;
};

}  // namespace trainyard::bench
