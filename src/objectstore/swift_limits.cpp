#include "objectstore/swift_limits.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/strings.hpp"
#include "objectstore/block_checksums.hpp"

namespace trainyard::objectstore::swift {
namespace {

using Json = nlohmann::json;

void read(const Json& info, const char* section, const char* name, std::uint64_t& into) {
  const auto group = info.find(section);
  if (group == info.end() || !group->is_object()) return;
  const auto value = group->find(name);
  if (value == group->end() || !value->is_number_unsigned() || *value == 0) return;
  into = value->get<std::uint64_t>();
}

}  // namespace

Limits parse_info(std::string_view json) {
  const Json info = Json::parse(json, nullptr, false);
  if (!info.is_object()) throw Error(ErrorKind::Corrupt, "the answer is not that of Swift's /info");
  Limits limits;
  read(info, "swift", "max_file_size", limits.max_file_size);
  read(info, "slo", "max_manifest_segments", limits.max_segments);
  read(info, "slo", "min_segment_size", limits.min_segment_size);
  return limits;
}

std::string info_url(const std::string& storage_url) {
  const std::size_t host = storage_url.find("://") + 3;
  const std::size_t version = storage_url.find("/v1", host);
  return storage_url.substr(0, version) + "/info";
}

std::optional<std::uint64_t> segment_size_for(std::uint64_t size, const SwiftOptions& options,
                                              const Limits& limits) {
  if (size <= std::min(options.single_limit, limits.max_file_size)) return std::nullopt;
  const std::uint64_t least = size / limits.max_segments + (size % limits.max_segments != 0);
  if (least > limits.max_file_size) {
    throw Error(
        ErrorKind::TooLarge,
        fmt::format("{} are more than this Swift takes as one object: {} segments of {} at "
                    "most, as its /info says; split the file",
                    format_bytes(size), limits.max_segments, format_bytes(limits.max_file_size)));
  }
  std::uint64_t wanted = std::max(options.segment_size, limits.min_segment_size);
  if (least > wanted) wanted = in_checksum_blocks(least, size);
  return std::min(wanted, limits.max_file_size);
}

}  // namespace trainyard::objectstore::swift
