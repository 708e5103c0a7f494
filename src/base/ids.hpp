#pragma once
// Random identifiers from the system's CSPRNG.
#include <cstddef>
#include <string>
#include <string_view>

namespace trainyard {

std::string random_bytes(std::size_t count);
std::string random_hex(std::size_t bytes);  // 2 * bytes characters
std::string random_uuid();                  // version 4, lower case
// `count` characters of A-Za-z0-9 (uniform), for passwords, keys and run ids.
std::string random_alphanumeric(std::size_t count);

}  // namespace trainyard
