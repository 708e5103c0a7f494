// GET /openapi.json
#include "api/openapi.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

#include <nlohmann/json.hpp>

#include "api/service.hpp"
#include "base/strings.hpp"

namespace trainyard::api {
namespace {

using Json = nlohmann::ordered_json;
using Login = Operation::Login;

Json reference(std::string_view kind, std::string_view name) {
  return {{"$ref", "#/components/" + std::string(kind) + "/" + std::string(name)}};
}

// "zip" → application/zip, "text" → text/plain; else the name of a schema.
Json content(std::string_view body) {
  if (body == "log") {
    return {{"text/plain", Json::object()}, {"text/event-stream", Json::object()}};
  }
  constexpr std::string_view kBytes[][2] = {{"zip", "application/zip"},
                                            {"bytes", "application/octet-stream"},
                                            {"text", "text/plain"},
                                            {"metrics", "text/plain"}};
  for (const auto& [name, type] : kBytes) {
    if (name == body) return {{std::string(type), Json::object()}};
  }
  return {{"application/json", {{"schema", reference("schemas", body)}}}};
}

Json path_parameters(std::string_view path) {
  Json parameters = Json::array();
  for (const std::string& part : split(path, '/')) {
    if (part.size() < 3 || part.front() != '{') continue;
    parameters.push_back({{"name", part.substr(1, part.size() - 2)},
                          {"in", "path"},
                          {"required", true},
                          {"schema", {{"type", "string"}, {"minLength", 1}}}});
  }
  return parameters;
}

// Its answer has an ETag (conditional.hpp).
bool may_be_kept(const Operation& operation) {
  return operation.method == "GET" && operation.login != Login::Basic &&
         std::ranges::any_of(operation.replies, [](const Reply& reply) {
           return reply.status == 200 && content(reply.body).contains("application/json");
         });
}

// It takes If-Match (conditional.hpp).
bool may_be_refused_for_a_change(const Operation& operation) {
  return std::ranges::find(operation.errors, 412) != operation.errors.end();
}

// What the server answers whoever asks: what is no request or names no host, another method of a
// path, a request that is too slow in coming, a body or headers that are too large, what it does
// not speak, a service with too much to do.
constexpr std::array kErrorsOfAll{400, 405, 408, 413, 417, 431, 501, 503, 505};
constexpr int kDiskFull = 507;

std::vector<int> errors_of(const Operation& operation, bool has_path_parameters) {
  std::vector<int> errors = operation.errors;
  errors.insert(errors.end(), kErrorsOfAll.begin(), kErrorsOfAll.end());
  if (operation.login == Login::Token) errors.insert(errors.end(), {401, 403});
  if (has_path_parameters) errors.push_back(404);
  if (operation.method != "GET") errors.push_back(kDiskFull);
  std::ranges::sort(errors);
  errors.erase(std::ranges::unique(errors).begin(), errors.end());
  return errors;
}

Json headers(std::initializer_list<std::string_view> names) {
  Json result = Json::object();
  for (const auto name : names) result[std::string(name)] = reference("headers", name);
  return result;
}

Json responses(const Operation& operation, bool has_path_parameters) {
  Json result = Json::object();
  for (const Reply& reply : operation.replies) {
    Json response = {{"description", http::reason_phrase(reply.status)}};
    response["headers"] = headers({"X-Request-Id"});
    if (reply.status == 200 && may_be_kept(operation)) {
      response["headers"] = headers({"X-Request-Id", "ETag"});
    }
    if (reply.body == "text" || reply.body == "log")
      response["headers"] = headers({"X-Request-Id", "X-Log-Offset"});
    if (!reply.body.empty()) response["content"] = content(reply.body);
    result[std::to_string(reply.status)] = std::move(response);
  }
  if (may_be_kept(operation)) result["304"] = reference("responses", "304");
  for (const int status : errors_of(operation, has_path_parameters)) {
    result[std::to_string(status)] = reference("responses", std::to_string(status));
  }
  return result;
}

Json describe(const Operation& operation) {
  Json parameters = path_parameters(operation.path);
  const bool has_path_parameters = !parameters.empty();
  for (const auto name : operation.parameters) parameters.push_back(reference("parameters", name));
  if (may_be_kept(operation)) parameters.push_back(reference("parameters", "if_none_match"));
  if (may_be_refused_for_a_change(operation)) {
    parameters.push_back(reference("parameters", "if_match"));
  }
  Json result = {{"tags", {operation.tag}}, {"summary", operation.summary}};
  if (!parameters.empty()) result["parameters"] = std::move(parameters);
  if (!operation.request.empty()) {
    result["requestBody"] = {{"required", true}, {"content", content(operation.request)}};
  }
  result["responses"] = responses(operation, has_path_parameters);
  if (operation.login == Login::None) result["security"] = Json::array();
  if (operation.login == Login::Basic) result["security"] = {{{"basic", Json::array()}}};
  return result;
}

Json shared_responses() {
  Json result = Json::object();
  for (const int status : {400, 401, 403, 404, 405, 408, 409, 412, 413, 416, 417, 429, 431, 501,
                           503, 504, 505, kDiskFull}) {
    const bool later = status == 429 || status == 503;
    result[std::to_string(status)] = {
        {"description", http::reason_phrase(status)},
        {"headers", later ? headers({"X-Request-Id", "Retry-After"}) : headers({"X-Request-Id"})},
        {"content", content("Error")}};
  }
  result["304"] = {{"description", http::reason_phrase(304)},
                   {"headers", headers({"X-Request-Id", "ETag"})}};
  return result;
}

http::Answer serve_document(Service&, Call&) {
  static const std::string document = openapi_document();
  return json_response(200, document);
}

}  // namespace

std::string openapi_document() {
  Json paths = Json::object();
  for (const Operation& operation : operations()) {
    paths[operation.path][to_lower(operation.method)] = describe(operation);
  }
  const Json document = {{"openapi", "3.1.0"},
                         {"info",
                          {{"title", "Trainyard"},
                           {"version", "3"},
                           {"summary", "Training runs, experiments and what belongs to them."},
                           {"license", {{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
                         {"security", {{{"token", Json::array()}}}},
                         {"paths", std::move(paths)},
                         {"components",
                          {{"schemas", Json::parse(schemas_json())},
                           {"parameters", Json::parse(parameters_json())},
                           {"headers", Json::parse(headers_json())},
                           {"responses", shared_responses()},
                           {"securitySchemes",
                            {{"token", {{"type", "http"}, {"scheme", "bearer"}}},
                             {"basic", {{"type", "http"}, {"scheme", "basic"}}}}}}}};
  return document.dump(1) + "\n";
}

void add_openapi(Routes& routes) {
  routes.add("GET", "/openapi.json", {Access::Anyone, serve_document});
}

}  // namespace trainyard::api
