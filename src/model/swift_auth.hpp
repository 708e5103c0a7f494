#pragma once
// Swift's authentication before Keystone, which knows no projects, domains and regions.
#include <string_view>

namespace trainyard::model {

// Whether the address, with or without a scheme and slashes at the end, is one: its path ends in
// /v1.0 or /v1, or as Ceph's gateway has it in /auth/1.0
// (https://docs.ceph.com/en/latest/radosgw/swift/auth/).
bool is_version_one_auth(std::string_view auth_url);

}  // namespace trainyard::model
