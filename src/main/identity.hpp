#pragma once
// What the first start makes up and every later one finds again in the state directory (files of
// mode 0600): the user, the instance, the embedded store's key pair, the signing key.
#include <filesystem>
#include <string>

#include "base/clock.hpp"
#include "base/secret.hpp"

namespace trainyard {

struct Identity {
  std::string user;
  Secret password;
  std::string instance_id;
  std::string store_access_key;
  Secret store_secret_key;
  Secret signing_key;
  TimePoint created_at;
};

// Creates what is missing. `user` names a new user. Throws Corrupt naming a file that is damaged.
Identity load_identity(const std::filesystem::path& state_dir, const std::string& user,
                       TimePoint now);

// What the command line needs to find and enter a running service: client.json, mode 0600.
struct ClientFile {
  std::string url;
  std::string store_url;
  std::string region;
  std::string user;
  Secret password;
  std::string instance_id;
  std::string access_key;
  Secret secret_key;
  std::string ca_file = {};  // the authority of the store's certificate; empty: the system's
};
std::filesystem::path client_file_path(const std::filesystem::path& state_dir);
void write_client_file(const std::filesystem::path& state_dir, const ClientFile& file);
// Throws NotFound with what to do when there is none.
ClientFile read_client_file(const std::filesystem::path& state_dir);

// Lines of `export NAME='value'` for a shell to eval.
std::string export_lines(const ClientFile& file);

}  // namespace trainyard
