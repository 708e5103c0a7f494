#include <fmt/format.h>

#include <ostream>

#include "base/strings.hpp"
#include "cli/commands.hpp"
#include "cli/subcommand.hpp"
#include "cli/text_table.hpp"
#include "wire/account.hpp"

namespace trainyard::cli {
namespace {

constexpr Option kScope{"--scope", "", "SCOPE", "read (the default), write or admin"};
constexpr Option kDays{"--days", "", "N", "how long it is good for; 90 when nothing is said"};

// The token is shown here and never again.
int create(Session& session, const Arguments& arguments) {
  wire::TokenRequest request;
  request.name = arguments.words[1];
  request.scope = arguments.value(kScope.name).value_or(request.scope);
  request.days = arguments.number(kDays.name).value_or(request.days);
  const auto json = session.api().call_json("POST", "/v3/tokens", wire::encode(request));
  session.context.out << (arguments.has(kJson.name)
                              ? json
                              : wire::decode_account_token(json).token.reveal())
                      << "\n";
  return kOk;
}

int list(Session& session, const Arguments& arguments) {
  const auto json = session.api().call_json("GET", "/v3/tokens");
  auto& out = session.context.out;
  if (arguments.has(kJson.name)) {
    out << json << "\n";
    return kOk;
  }
  std::vector<Row> rows = {{"ID", "OWNER", "SCOPE", "EXPIRES", "NAME"}};
  for (const auto& token : wire::decode_account_tokens(json)) {
    rows.push_back({token.id, token.owner, token.scope, format_seconds(token.expires_at),
                    printable(token.name)});
  }
  out << text_table(rows);
  return kOk;
}

int revoke(Session& session, const Arguments& arguments) {
  session.api().call_json("DELETE", "/v3/tokens/" + percent_encode(arguments.words[1]));
  return kOk;
}

const std::vector<Subcommand>& actions() {
  static const std::vector<Subcommand> table = {
      {"create", "NAME", create}, {"list", "", list}, {"revoke", "ID", revoke}};
  return table;
}

}  // namespace

Command trainyard_token() {
  return {
      .name = "token",
      .usage = "create|list|revoke [NAME|ID]",
      .summary = "personal access tokens: passwords for programs, with a scope and an end",
      .least_words = 1,
      .most_words = 2,
      .options = {kScope, kDays, kJson, kStateDir},
      .run = [](Session& s, const Arguments& a) { return run_action("token", actions(), s, a); },
      .choices = names_of(actions())};
}

}  // namespace trainyard::cli
