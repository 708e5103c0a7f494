#include "model/sizes.hpp"

#include <algorithm>
#include <array>

#include "base/strings.hpp"

namespace trainyard::model {
namespace {

constexpr std::array<Size, 10> kSizes{{
    {"small", 1, 6, 12},
    {"medium", 2, 12, 24},
    {"large", 4, 24, 48},
    {"k80", 1, 4, 24},
    {"k80x2", 2, 8, 48},
    {"k80x4", 4, 16, 96},
    {"p100", 1, 8, 24},
    {"p100x2", 2, 16, 48},
    {"v100", 1, 26, 24},
    {"v100x2", 2, 52, 48},
}};

}  // namespace

std::span<const Size> sizes() { return kSizes; }

std::optional<Size> find_size(std::string_view name) {
  const auto found =
      std::ranges::find_if(kSizes, [&](const Size& size) { return iequals(size.name, name); });
  if (found == kSizes.end()) return std::nullopt;
  return *found;
}

}  // namespace trainyard::model
