#pragma once
// A token and the place it is good for. Thread-safe.
#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "base/sync.hpp"
#include "http/client.hpp"
#include "objectstore/keystone.hpp"
#include "objectstore/swift_store.hpp"

namespace trainyard::objectstore::swift {

// Whether an answer bears the mark of OpenStack's services, which a proxy's own has not.
bool is_own(const http::ClientResponse& response);

class Session {
 public:
  struct Token {
    Secret value;
    std::string storage_url;
    TimePoint renew_at{}, ends_at{};
  };

  Session(const SwiftOptions& options, http::Client& http, Clock& clock)
      : options_(options), http_(http), clock_(clock) {}

  // A token that is good for a while; asks for one when there is none. One caller asks, the others
  // wait, or go on with the old one as long as that is valid. Throws Unauthenticated, InvalidInput,
  // Unavailable.
  Token token(std::stop_token stop);
  // `refused` was answered with 401: the next call of token() gets another one.
  void forget(const Token& refused);

 private:
  Token authenticate(std::stop_token stop);
  Token renew(const Token& old, std::stop_token stop);
  Token authenticate_version3(std::stop_token stop);
  Token authenticate_version1(std::stop_token stop);
  http::ClientResponse send(http::ClientRequest request, std::stop_token stop);
  http::ClientResponse ask_keystone(keystone::Scope scope, std::stop_token stop);
  // Throws Unauthenticated when it is the project that Keystone refuses.
  void check_project(std::stop_token stop);

  const SwiftOptions& options_;
  http::Client& http_;
  Clock& clock_;
  Sync<Token> token_;
};

}  // namespace trainyard::objectstore::swift
