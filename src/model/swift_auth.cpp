#include "model/swift_auth.hpp"

#include <algorithm>

namespace trainyard::model {

bool is_version_one_auth(std::string_view auth_url) {
  constexpr std::string_view kScheme = "://";
  const auto scheme = auth_url.find(kScheme);
  if (scheme != auth_url.npos) auth_url.remove_prefix(scheme + kScheme.size());
  auth_url.remove_prefix(std::min(auth_url.find('/'), auth_url.size()));  // the host
  while (auth_url.ends_with('/')) auth_url.remove_suffix(1);
  return auth_url.ends_with("/v1.0") || auth_url.ends_with("/v1") ||
         auth_url.ends_with("/auth/1.0");
}

}  // namespace trainyard::model
