#pragma once
// For tests: a proxy on loopback, in front of real servers, that does harm to chosen requests on
// the wire. Its code is in fault_proxy_test.cpp.
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "http/client.hpp"
#include "objectstore/fake_s3.hpp"

namespace trainyard::objectstore {

class FaultProxy {
 public:
  // Asked for the fault of each request, of which it sees method, url and headers. Called from
  // several threads, one at a time.
  using Script = std::function<std::optional<Fault>(const http::ClientRequest&)>;
  explicit FaultProxy(Script script);
  ~FaultProxy();  // closes every connection

  // The address through which `server`, "http://127.0.0.1:PORT", is reached. An answer that gives a
  // token names the proxied address of each server that it names.
  std::string url_for(const std::string& server);

 private:
  class Server;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace trainyard::objectstore
