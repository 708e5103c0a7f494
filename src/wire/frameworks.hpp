#pragma once
// GET /v3/models/frameworks: what a manifest may name (T7), and what of it this service can run. No
// body of the v3 service is known; this one is ours: {"resources":[framework…]}.
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::wire {

struct FrameworkView {
  std::string name;
  std::string version;
  std::vector<std::string> aliases;  // other words for the version: "latest", "2"
  std::string kind;                  // "host", "environment", "image"
  bool usable = false;
  std::string why_not;  // empty when usable
  bool operator==(const FrameworkView&) const = default;
};

std::string encode_frameworks(std::span<const FrameworkView> frameworks);
std::vector<FrameworkView> decode_frameworks(std::string_view json);  // InvalidInput

}  // namespace trainyard::wire
