#include "objectstore/swift_listing.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/strings.hpp"
#include "objectstore/etag.hpp"

namespace trainyard::objectstore::swift {
namespace {

using Json = nlohmann::json;

[[noreturn]] void throw_broken() {
  throw Error(ErrorKind::Corrupt, "the store's answer is not a listing of a container");
}

std::string text(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

[[noreturn]] void throw_broken_manifest() {
  throw Error(ErrorKind::Corrupt, "the store's answer is not the manifest of a large object");
}

ManifestEntry parse_segment(const Json& item) {
  const auto bytes = item.find("bytes");
  if (bytes == item.end() || !bytes->is_number_unsigned()) throw_broken_manifest();
  const auto nested = item.find("sub_slo");
  return {text(item, "name"), text(item, "hash"), bytes->get<std::uint64_t>(), text(item, "range"),
          nested != item.end() && nested->is_boolean() && nested->get<bool>()};
}

ManifestEntry parse_inline(const Json& item) {
  std::string bytes;
  try {
    bytes = base64_decode(text(item, "data"));
  } catch (const Error&) {
    throw_broken_manifest();
  }
  return {{}, to_hex(digest(Digest::Md5, bytes)), bytes.size(), {}, false};
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
  entry.hash = without_quotes(text(item, "hash"));
  entry.object.etag = static_etag.empty() ? entry.hash : without_quotes(static_etag);
  entry.object.segmented = !static_etag.empty();
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

std::vector<ManifestEntry> parse_static_manifest(std::string_view json) {
  const Json items = Json::parse(json, nullptr, false);
  if (!items.is_array()) throw_broken_manifest();
  std::vector<ManifestEntry> entries;
  for (const Json& item : items) {
    if (!item.is_object()) throw_broken_manifest();
    entries.push_back(item.contains("data") ? parse_inline(item) : parse_segment(item));
  }
  return entries;
}

std::uint64_t length_of_range(const ManifestEntry& entry) {
  const std::size_t dash = entry.range.find('-');
  if (dash == entry.range.npos) throw_broken_manifest();
  const auto first = parse_u64(entry.range.substr(0, dash));
  const auto last = parse_u64(entry.range.substr(dash + 1));
  if (first && last && *last >= *first && *last != ~std::uint64_t(0)) {
    const std::uint64_t length = *last - *first + 1;
    return entry.nested ? length : std::min(length, entry.size - std::min(entry.size, *first));
  }
  if (entry.nested) throw_broken_manifest();
  if (first && dash + 1 == entry.range.size()) return entry.size - std::min(entry.size, *first);
  if (last && dash == 0) return std::min(entry.size, *last);
  throw_broken_manifest();
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
