#include "base/error.hpp"
#include "base/strings.hpp"
#include "model/swift_auth.hpp"
#include "objectstore/swift_store.hpp"

namespace trainyard::objectstore {
namespace {

[[noreturn]] void refuse(const std::string& sentence) {
  throw Error(ErrorKind::InvalidInput, sentence);
}

void check_container(const std::string& container) {
  if (container.empty()) refuse("the bucket has no name");
  if (container.find('/') != container.npos) {
    refuse("the bucket name '" + printable(container) +
           "' has a '/' in it; give only the name, without a folder");
  }
  if (container.size() > 256 || !valid_utf8(container)) {
    refuse("'" + printable(container) + "' cannot be the name of a bucket");
  }
}

// Credentials name Keystone with or without the version, or an older one that lies beside it.
void point_to_version3(Endpoint& url) {
  for (const std::string_view tail : {"/auth/tokens", "/v3", "/v2.0"}) {
    if (url.path.ends_with(tail)) url.path.resize(url.path.size() - tail.size());
  }
  url.path += "/v3";
}

}  // namespace

SwiftOptions swift_options(const model::SwiftConnection& connection, const std::string& container) {
  check_container(container);
  if (connection.user_name.empty()) refuse("the connection has no user_name");
  if (connection.password.empty()) refuse("the connection has no password");
  SwiftOptions options;
  options.auth_url = with_context("auth_url", [&] { return parse_endpoint(connection.auth_url); });
  options.auth =
      model::is_version_one_auth(connection.auth_url) ? SwiftAuth::V1 : SwiftAuth::KeystoneV3;
  if (options.auth == SwiftAuth::KeystoneV3) point_to_version3(options.auth_url);
  options.user_name = connection.user_name;
  options.password = connection.password;
  options.region = connection.region;
  options.domain_name = connection.domain_name;
  options.project_id = connection.project_id;
  options.container = container;
  return options;
}

}  // namespace trainyard::objectstore
