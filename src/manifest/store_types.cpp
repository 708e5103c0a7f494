#include "manifest/store_types.hpp"

#include <array>
#include <utility>

namespace trainyard::manifest {
namespace {

constexpr std::array kTypes = {
    std::pair<std::string_view, StoreKind>{"s3", StoreKind::S3},
    std::pair<std::string_view, StoreKind>{"bluemix_objectstore", StoreKind::Swift},
    std::pair<std::string_view, StoreKind>{"s3_datastore", StoreKind::S3},
    std::pair<std::string_view, StoreKind>{"mount_cos", StoreKind::S3},
    std::pair<std::string_view, StoreKind>{"softlayer_objectstore", StoreKind::Swift},
    std::pair<std::string_view, StoreKind>{"swift_datastore", StoreKind::Swift},
};

}  // namespace

std::optional<StoreKind> store_kind(std::string_view type) {
  for (const auto& [name, kind] : kTypes) {
    if (name == type) return kind;
  }
  return std::nullopt;
}

std::vector<std::string_view> store_type_names() {
  std::vector<std::string_view> names;
  for (const auto& [name, kind] : kTypes) names.push_back(name);
  return names;
}

}  // namespace trainyard::manifest
