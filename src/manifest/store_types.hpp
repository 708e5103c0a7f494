#pragma once
// The words for kinds of object store (T10; wml-v3 d.1, d.7) and what each means here.
#include <optional>
#include <string_view>
#include <vector>

namespace trainyard::manifest {

enum class StoreKind {
  S3,
  Swift,
};

std::optional<StoreKind> store_kind(std::string_view type);
std::vector<std::string_view> store_type_names();  // canonical ones first

}  // namespace trainyard::manifest
