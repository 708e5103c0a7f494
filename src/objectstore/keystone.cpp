#include "objectstore/keystone.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/strings.hpp"

namespace trainyard::objectstore::keystone {
namespace {

using Json = nlohmann::json;

struct Place {
  std::string region;
  std::string url;
};

std::string text(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::vector<Place> public_object_stores(const Json& catalog) {
  std::vector<Place> places;
  for (const Json& service : catalog) {
    if (text(service, "type") != "object-store") continue;
    for (const Json& endpoint : service.value("endpoints", Json::array())) {
      if (text(endpoint, "interface") != "public") continue;
      std::string region = text(endpoint, "region");
      if (region.empty()) region = text(endpoint, "region_id");
      places.push_back({std::move(region), text(endpoint, "url")});
    }
  }
  return places;
}

std::string choose(const std::vector<Place>& places, const std::string& region) {
  if (places.empty()) {
    throw Error(ErrorKind::InvalidInput,
                "the project has no object store; check project_id and the user's roles in it");
  }
  std::vector<std::string> regions;
  for (const Place& place : places) {
    if (place.region == region || (region.empty() && places.size() == 1)) return place.url;
    regions.push_back("'" + printable(place.region) + "'");
  }
  const std::string there = join(regions, ", ");
  throw Error(
      ErrorKind::InvalidInput,
      region.empty()
          ? "the project has object stores in several regions; set region to one of " + there
          : fmt::format("there is no object store in region '{}', only in {}", printable(region),
                        there));
}

}  // namespace

std::string token_request(const SwiftOptions& options, Scope scope) {
  const Json domain =
      options.domain_name.empty() ? Json{{"id", "default"}} : Json{{"name", options.domain_name}};
  Json auth = {{"identity",
                {{"methods", {"password"}},
                 {"password",
                  {{"user",
                    {{"name", options.user_name},
                     {"domain", domain},
                     {"password", options.password.reveal()}}}}}}}};
  if (scope == Scope::None) {
    auth["scope"] = "unscoped";
  } else if (!options.project_id.empty()) {
    auth["scope"] = {{"project", {{"id", options.project_id}}}};
  }
  return Json{{"auth", auth}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Granted read_token(std::string_view body, const std::string& region) {
  const Json answer = Json::parse(body, nullptr, false);
  const auto token = answer.is_object() ? answer.find("token") : answer.end();
  if (token == answer.end() || !token->is_object()) {
    throw Error(ErrorKind::Corrupt, "the answer is not one of Keystone");
  }
  const auto expires = parse_time(text(*token, "expires_at"));
  if (!expires) throw Error(ErrorKind::Corrupt, "Keystone does not say when the token ends");
  const Json catalog = token->value("catalog", Json::array());
  if (!catalog.is_array()) throw Error(ErrorKind::Corrupt, "Keystone's catalogue is broken");
  std::string url = choose(public_object_stores(catalog), region);
  while (url.ends_with('/')) url.pop_back();
  parse_endpoint(url);
  return {*expires, parse_time(text(*token, "issued_at")), std::move(url)};
}

bool is_error(std::string_view body) {
  const Json answer = Json::parse(body, nullptr, false);
  return answer.is_object() && answer.contains("error");
}

std::vector<std::string> read_projects(std::string_view body) {
  constexpr std::size_t kMostNamed = 10;
  const Json answer = Json::parse(body, nullptr, false);
  const auto projects = answer.is_object() ? answer.find("projects") : answer.end();
  std::vector<std::string> named;
  if (projects == answer.end() || !projects->is_array()) return named;
  for (const Json& project : *projects) {
    if (!project.is_object() || named.size() == kMostNamed) break;
    named.push_back(fmt::format("'{}' ({})", printable(text(project, "name"), 60),
                                printable(text(project, "id"), 60)));
  }
  return named;
}

}  // namespace trainyard::objectstore::keystone
