#pragma once
// Where the service is and who asks.
#include <filesystem>
#include <map>
#include <string>

#include "base/secret.hpp"

namespace trainyard::client {

struct Endpoint {
  std::string url;  // without a slash at its end
  std::string user;
  Secret password;
  std::string instance_id;  // may be empty
};

// ML_ENV, ML_USERNAME, ML_PASSWORD and ML_INSTANCE, else what a service on this machine wrote for
// its user: see read_endpoint(). Throws NotFound, with what to do, when there is neither, and
// InvalidInput when only some of the first three are set.
Endpoint find_endpoint(const std::map<std::string, std::string>& env,
                       const std::filesystem::path& state_dir);

// client.json in the state directory of a service. Throws NotFound when there is none, Forbidden
// when it is someone else's, InvalidInput when it is damaged.
Endpoint read_endpoint(const std::filesystem::path& state_dir);

}  // namespace trainyard::client
