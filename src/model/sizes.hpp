#pragma once
// The sizes of T9 and wml-v3 (d.2).
#include <optional>
#include <span>
#include <string_view>

#include "model/manifest.hpp"

namespace trainyard::model {

struct Size {
  std::string_view name;
  unsigned gpus;
  unsigned cpus;
  unsigned memory_gib;
};
// small medium large k80 k80x2 k80x4 p100 p100x2 v100 v100x2, in this order.
std::span<const Size> sizes();
std::optional<Size> find_size(std::string_view name);  // case-insensitive

}  // namespace trainyard::model
