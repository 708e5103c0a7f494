#pragma once
// How large objects and their segments may be at one Swift server, as its /info says
// ("swift.max_file_size", "slo.max_manifest_segments", "slo.min_segment_size"). Pure.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "objectstore/swift_store.hpp"

namespace trainyard::objectstore::swift {

// The values are those of Swift where a server does not tell.
struct Limits {
  std::uint64_t max_file_size = std::uint64_t(5) << 30;  // bytes of one request
  std::uint64_t max_segments = 1000;
  std::uint64_t min_segment_size = 1;  // of all but the last
  bool operator==(const Limits&) const = default;
};

// What is missing or cannot be meant stays as it was. Throws Corrupt when it is no such answer.
Limits parse_info(std::string_view json);

// The address of /info beside the place that a token is good for.
std::string info_url(const std::string& storage_url);

// The size of the segments that a source of `size` bytes goes in, the one of `options` where that
// fits; nullopt: in one request. Throws TooLarge when no segments would do.
std::optional<std::uint64_t> segment_size_for(std::uint64_t size, const SwiftOptions& options,
                                              const Limits& limits);

}  // namespace trainyard::objectstore::swift
