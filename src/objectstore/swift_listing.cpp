#include "objectstore/swift_listing.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "objectstore/etag.hpp"

namespace trainyard::objectstore::swift {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kDirectoryType = "application/directory";

[[noreturn]] void throw_broken() {
  throw Error(ErrorKind::Corrupt, "the store's answer is not a listing of a container");
}

std::string text(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Entry parse_entry(const Json& item) {
  Entry entry;
  entry.object.key = text(item, "name");
  const auto bytes = item.find("bytes");
  if (entry.object.key.empty() || bytes == item.end() || !bytes->is_number_unsigned()) {
    throw_broken();
  }
  entry.object.size = bytes->get<std::uint64_t>();
  // "hash" of a static large object is its manifest's; its own ETag stands beside it.
  const std::string static_etag = text(item, "slo_etag");
  entry.object.etag = without_quotes(static_etag.empty() ? text(item, "hash") : static_etag);
  entry.may_be_dynamic = entry.object.size == 0 && static_etag.empty() &&
                         !entry.object.key.ends_with('/') &&
                         text(item, "content_type") != kDirectoryType;
  return entry;
}

}  // namespace

std::vector<Entry> parse_listing(std::string_view json) {
  const Json items = Json::parse(json, nullptr, false);
  if (!items.is_array()) throw_broken();
  std::vector<Entry> entries;
  for (const Json& item : items) {
    if (!item.is_object()) throw_broken();
    if (!item.contains("subdir")) entries.push_back(parse_entry(item));
  }
  return entries;
}

std::vector<Segment> parse_static_manifest(std::string_view json) {
  const Json items = Json::parse(json, nullptr, false);
  if (!items.is_array()) {
    throw Error(ErrorKind::Corrupt, "the store's answer is not the manifest of a large object");
  }
  std::vector<Segment> segments;
  for (const Json& item : items) {
    const auto bytes = item.is_object() ? item.find("bytes") : item.end();
    if (!item.is_object() || bytes == item.end() || !bytes->is_number_unsigned()) throw_broken();
    const bool plain = !item.contains("range") && !item.contains("sub_slo");
    segments.push_back({text(item, "name"), plain ? text(item, "hash") : std::string(),
                        bytes->get<std::uint64_t>()});
  }
  return segments;
}

std::string static_manifest(const std::vector<Segment>& segments) {
  Json manifest = Json::array();
  for (const Segment& segment : segments) {
    manifest.push_back(
        {{"path", segment.path}, {"etag", segment.md5}, {"size_bytes", segment.size}});
  }
  return manifest.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace trainyard::objectstore::swift
