#include "main/identity.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/ids.hpp"
#include "base/strings.hpp"

namespace trainyard {
namespace {

constexpr std::uint64_t kMaxFile = 64 * 1024;
constexpr std::size_t kPasswordLength = 24, kAccessKeyLength = 20, kSecretKeyLength = 40;
constexpr std::size_t kSigningKeyBytes = 32;

nlohmann::json read_object(const fs::path& path) {
  const auto json = nlohmann::json::parse(read_file(path, kMaxFile), nullptr, false);
  if (!json.is_object()) {
    throw Error(ErrorKind::Corrupt, fmt::format("{} is damaged: it is not a JSON object. Restore "
                                                "it, or remove it to have a new one made",
                                                path.string()));
  }
  return json;
}

std::string text(const nlohmann::json& json, const fs::path& path, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_string()) {
    throw Error(ErrorKind::Corrupt, fmt::format("{} is damaged: \"{}\" is missing. Restore it, or "
                                                "remove it to have a new one made",
                                                path.string(), key));
  }
  return found->get<std::string>();
}

nlohmann::json make_up(const std::string& user, TimePoint now) {
  return {{"user", user},
          {"password", random_alphanumeric(kPasswordLength)},
          {"instance_id", random_uuid()},
          {"store_access_key", to_lower(random_alphanumeric(kAccessKeyLength))},
          {"store_secret_key", random_alphanumeric(kSecretKeyLength)},
          {"signing_key", random_hex(kSigningKeyBytes)},
          {"created_at", format_millis(now)}};
}

}  // namespace

Identity load_identity(const fs::path& state_dir, const std::string& user, TimePoint now) {
  const fs::path path = state_dir / "identity.json";
  if (!fs::exists(path)) write_file_atomic(path, make_up(user, now).dump(2) + "\n");
  const auto json = read_object(path);
  Identity identity;
  identity.user = text(json, path, "user");
  identity.password = Secret(text(json, path, "password"));
  identity.instance_id = text(json, path, "instance_id");
  identity.store_access_key = text(json, path, "store_access_key");
  identity.store_secret_key = Secret(text(json, path, "store_secret_key"));
  identity.signing_key = Secret(text(json, path, "signing_key"));
  identity.created_at = parse_time(text(json, path, "created_at")).value_or(now);
  return identity;
}

fs::path client_file_path(const fs::path& state_dir) { return state_dir / "client.json"; }

void write_client_file(const fs::path& state_dir, const ClientFile& file) {
  const nlohmann::json json = {{"url", file.url},
                               {"store_url", file.store_url},
                               {"region", file.region},
                               {"username", file.user},
                               {"password", file.password.reveal()},
                               {"instance_id", file.instance_id},
                               {"access_key", file.access_key},
                               {"secret_key", file.secret_key.reveal()},
                               {"ca_file", file.ca_file}};
  write_file_atomic(client_file_path(state_dir), json.dump(2) + "\n");
}

ClientFile read_client_file(const fs::path& state_dir) {
  const fs::path path = client_file_path(state_dir);
  if (!fs::exists(path)) {
    throw Error(ErrorKind::NotFound,
                fmt::format("no service was ever started with the state directory {}: start it "
                            "(trainyard serve), or name another with --state-dir",
                            state_dir.string()));
  }
  const auto json = read_object(path);
  return {.url = text(json, path, "url"),
          .store_url = text(json, path, "store_url"),
          .region = text(json, path, "region"),
          .user = text(json, path, "username"),
          .password = Secret(text(json, path, "password")),
          .instance_id = text(json, path, "instance_id"),
          .access_key = text(json, path, "access_key"),
          .secret_key = Secret(text(json, path, "secret_key")),
          .ca_file = json.value("ca_file", "")};
}

std::string export_lines(const ClientFile& file) {
  std::string lines;
  const auto add = [&](const char* name, const std::string& value) {
    lines += fmt::format("export {}={}\n", name, shell_quote(value));
  };
  add("ML_ENV", file.url);
  add("ML_USERNAME", file.user);
  add("ML_PASSWORD", file.password.reveal());
  add("ML_INSTANCE", file.instance_id);
  add("AWS_ENDPOINT_URL", file.store_url);
  add("AWS_ACCESS_KEY_ID", file.access_key);
  add("AWS_SECRET_ACCESS_KEY", file.secret_key.reveal());
  add("AWS_DEFAULT_REGION", file.region);
  if (!file.ca_file.empty()) add("AWS_CA_BUNDLE", file.ca_file);
  return lines;
}

}  // namespace trainyard
