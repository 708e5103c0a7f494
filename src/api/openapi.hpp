#pragma once
// The description of the API (OpenAPI 3.1), made from one table (openapi_table.cpp) and the schemas
// of what is sent (openapi_schemas.cpp). docs/openapi.json is a copy of it; a test compares them,
// and the table with the routes that are served.
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::api {

struct Reply {
  int status = 200;
  // Name of a schema; "" for no body; otherwise what a body that is no JSON consists of.
  std::string_view body = {};
};

struct Operation {
  std::string_view method;
  std::string path;  // the pattern of the route
  std::string_view tag;
  std::string_view summary;
  std::vector<Reply> replies = {};  // when it succeeds
  std::vector<int> errors = {};     // beside those that every such call may have
  std::string_view request = {};    // as Reply::body
  // Names of parameters, in the query and in the header; see openapi_schemas.cpp.
  std::vector<std::string_view> parameters = {};
  enum class Login { Token, Basic, None } login = Login::Token;
};

std::span<const Operation> operations();
// JSON objects: schemas, parameters of requests and headers of answers by name.
std::string_view schemas_json();
std::string_view parameters_json();
std::string_view headers_json();

// The whole document, JSON over many lines; the same for every service.
std::string openapi_document();

}  // namespace trainyard::api
