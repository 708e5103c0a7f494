#include "gateway/routes.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "gateway/s3_error.hpp"

namespace trainyard::gateway {
namespace {

enum class Level { Service, Bucket, Object };

struct Route {
  Level level;
  std::string_view method;
  std::string_view subresource;  // empty: none in the query
  Operation operation;
};

// The first that fits; a row with a sub-resource stands before the one without.
constexpr Route kRoutes[] = {
    {Level::Service, "GET", "", list_all_buckets},
    {Level::Bucket, "GET", "location", get_bucket_location},
    {Level::Bucket, "GET", "acl", get_bucket_acl},
    {Level::Bucket, "GET", "uploads", list_uploads},
    {Level::Bucket, "GET", "versions", list_object_versions},
    {Level::Bucket, "GET", "", list_objects},
    {Level::Bucket, "PUT", "", create_bucket},
    {Level::Bucket, "HEAD", "", head_bucket},
    {Level::Bucket, "DELETE", "", delete_bucket},
    {Level::Bucket, "POST", "delete", delete_objects},
    {Level::Object, "GET", "uploadId", list_parts},
    {Level::Object, "GET", "acl", get_object_acl},
    {Level::Object, "GET", "tagging", get_object_tagging},
    {Level::Object, "GET", "", get_object},
    {Level::Object, "HEAD", "", get_object},
    {Level::Object, "PUT", "uploadId", upload_part},
    {Level::Object, "PUT", "", put_object},
    {Level::Object, "DELETE", "uploadId", abort_upload},
    {Level::Object, "DELETE", "tagging", delete_configuration},
    {Level::Object, "DELETE", "", delete_object},
    {Level::Object, "POST", "uploads", create_upload},
    {Level::Object, "POST", "uploadId", complete_upload},
};

// What can be asked and never set.
constexpr std::array<std::string_view, 16> kBucketConfigurations = {
    "accelerate",     "cors",         "encryption",        "lifecycle",
    "logging",        "notification", "object-lock",       "ownershipControls",
    "policy",         "policyStatus", "publicAccessBlock", "replication",
    "requestPayment", "tagging",      "versioning",        "website"};

// The rest of S3's sub-resources, which must not be taken for a plain request.
constexpr std::array<std::string_view, 18> kOtherSubresources = {
    "acl",          "analytics", "attributes", "delete",     "intelligent-tiering",
    "inventory",    "location",  "metrics",    "legal-hold", "restore",
    "renameObject", "retention", "select",     "session",    "metadataTable",
    "torrent",      "uploads",   "versions"};

Level level_of(const Resource& resource) {
  if (resource.bucket.empty()) return Level::Service;
  return resource.key.empty() ? Level::Bucket : Level::Object;
}

bool names_any(const http::Request& request, std::span<const std::string_view> names) {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view name) { return request.query.has(name); });
}

// For a bucket: ask, remove (nothing), set (refused).
Operation configuration(const std::string& method) {
  if (method == "GET") return get_configuration;
  if (method == "DELETE") return delete_configuration;
  return not_implemented;
}

}  // namespace

Operation route(const http::Request& request, const Resource& resource) {
  const Level level = level_of(resource);
  for (const Route& route : kRoutes) {
    if (route.level != level || route.method != request.method) continue;
    if (!route.subresource.empty()) {
      if (request.query.has(route.subresource)) return route.operation;
      continue;
    }
    if (level == Level::Bucket && names_any(request, kBucketConfigurations)) {
      return configuration(request.method);
    }
    if (level != Level::Service &&
        (names_any(request, kOtherSubresources) ||
         (level == Level::Object && names_any(request, kBucketConfigurations)))) {
      return not_implemented;
    }
    return route.operation;
  }
  throw S3Error(S3Code::MethodNotAllowed, {}, {{"Method", request.method}});
}

}  // namespace trainyard::gateway
