#include "client/endpoint.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "wire/json_reader.hpp"

namespace trainyard::client {
namespace {

constexpr std::size_t kMaxFile = 64 * 1024;

using Variables = std::map<std::string, std::string>;

std::string variable(const Variables& env, const std::string& name) {
  const auto found = env.find(name);
  return found == env.end() ? "" : found->second;
}

std::string without_slash(std::string url) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  return url;
}

bool has_any(const Variables& env) {
  return !variable(env, "ML_ENV").empty() || !variable(env, "ML_USERNAME").empty() ||
         !variable(env, "ML_PASSWORD").empty();
}

Endpoint from_variables(const Variables& env) {
  for (const auto* name : {"ML_ENV", "ML_USERNAME", "ML_PASSWORD"}) {
    if (!variable(env, name).empty()) continue;
    throw Error(ErrorKind::InvalidInput,
                fmt::format("of ML_ENV, ML_USERNAME and ML_PASSWORD, {} is not set; set all three "
                            "(on the service's machine: eval \"$(trainyard env)\"), or none",
                            name));
  }
  const auto url = variable(env, "ML_ENV");
  if (!url.starts_with("http://") && !url.starts_with("https://")) {
    throw Error(ErrorKind::InvalidInput,
                "ML_ENV must be the service's URL, for example http://127.0.0.1:7331");
  }
  return {without_slash(url), variable(env, "ML_USERNAME"), Secret(variable(env, "ML_PASSWORD")),
          variable(env, "ML_INSTANCE")};
}

}  // namespace

Endpoint find_endpoint(const Variables& env, const fs::path& state_dir) {
  return has_any(env) ? from_variables(env) : read_endpoint(state_dir);
}

Endpoint read_endpoint(const fs::path& state_dir) {
  const fs::path path = state_dir / "client.json";
  std::string text;
  try {
    text = read_file(path, kMaxFile);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::NotFound) throw;
    throw Error(ErrorKind::NotFound,
                fmt::format("no service is known here: there is no {}; start one with `trainyard "
                            "serve`, or set ML_ENV, ML_USERNAME and ML_PASSWORD, or "
                            "TRAINYARD_STATE_DIR to the state directory of one",
                            path.string()));
  }
  const auto json = wire::JsonObject::parse(text, path.string(), kMaxFile);
  return {without_slash(json.text("url")), json.text("username"), json.secret_or_empty("password"),
          json.text_or_empty("instance_id")};
}

}  // namespace trainyard::client
