#include <fmt/format.h>

#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/strings.hpp"
#include "cli/commands.hpp"
#include "cli/subcommand.hpp"
#include "cli/text_table.hpp"
#include "wire/account.hpp"

namespace trainyard::cli {
namespace {

constexpr Option kRole{"--role", "", "ROLE",
                       "of the new user: admin, user (the default) or viewer"};
constexpr Option kPasswordFile{"--password-file", "", "FILE",
                               "take the password from FILE (/dev/stdin), make none up"};
constexpr std::uint64_t kMaxPasswordFile = 4096;

std::string path_of(const std::string& name) { return "/v3/users/" + percent_encode(name); }

Secret password_of(const Arguments& arguments) {
  const auto file = arguments.value(kPasswordFile.name);
  if (!file) return Secret();
  std::string text = read_file(*file, kMaxPasswordFile);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.empty()) throw Error(ErrorKind::InvalidInput, fmt::format("{} is empty", *file));
  return Secret(std::move(text));
}

// A password that the service made up is shown here and never again.
void print_made_up(Session& session, const std::string& answer) {
  const auto user = wire::decode_user(answer);
  if (!user.password.empty()) session.context.out << user.password.reveal() << "\n";
}

int add(Session& session, const Arguments& arguments) {
  wire::UserRequest request;
  request.name = arguments.words[1];
  request.role = arguments.value(kRole.name);
  request.password = password_of(arguments);
  print_made_up(session, session.api().call_json("POST", "/v3/users", wire::encode(request)));
  return kOk;
}

int list(Session& session, const Arguments& arguments) {
  const auto json = session.api().call_json("GET", "/v3/users");
  auto& out = session.context.out;
  if (arguments.has(kJson.name)) {
    out << json << "\n";
    return kOk;
  }
  std::vector<Row> rows = {{"NAME", "ROLE", "SINCE", ""}};
  for (const auto& user : wire::decode_users(json)) {
    rows.push_back(
        {user.name, user.role, format_seconds(user.created_at), user.disabled ? "disabled" : ""});
  }
  out << text_table(rows);
  return kOk;
}

int patch(Session& session, const std::string& name, const wire::UserRequest& request) {
  session.api().call_json("PATCH", path_of(name), wire::encode(request));
  return kOk;
}

int role(Session& session, const Arguments& arguments) {
  wire::UserRequest request;
  request.role = arguments.words[2];
  return patch(session, arguments.words[1], request);
}

int set_disabled(Session& session, const Arguments& arguments, bool disabled) {
  wire::UserRequest request;
  request.disabled = disabled;
  return patch(session, arguments.words[1], request);
}

int password(Session& session, const Arguments& arguments) {
  auto& api = session.api();
  wire::UserRequest request;
  request.password = password_of(arguments);
  if (api.endpoint().user == arguments.words[1]) request.old_password = api.endpoint().password;
  print_made_up(session, api.call_json("PUT", path_of(arguments.words[1]) + "/password",
                                       wire::encode(request)));
  return kOk;
}

int remove(Session& session, const Arguments& arguments) {
  session.api().call_json("DELETE", path_of(arguments.words[1]));
  return kOk;
}

const std::vector<Subcommand>& actions() {
  static const std::vector<Subcommand> table = {
      {"add", "NAME", add},
      {"list", "", list},
      {"role", "NAME ROLE", role},
      {"password", "NAME", password},
      {"disable", "NAME", [](auto& s, const auto& a) { return set_disabled(s, a, true); }},
      {"enable", "NAME", [](auto& s, const auto& a) { return set_disabled(s, a, false); }},
      {"delete", "NAME", remove}};
  return table;
}

}  // namespace

Command trainyard_user() {
  return {.name = "user",
          .usage = "add|list|role|password|disable|enable|delete [NAME [ROLE]]",
          .summary = "who may use the service, and as what",
          .least_words = 1,
          .most_words = 3,
          .options = {kRole, kPasswordFile, kJson, kStateDir},
          .run = [](Session& s, const Arguments& a) { return run_action("user", actions(), s, a); },
          .choices = names_of(actions())};
}

}  // namespace trainyard::cli
