#pragma once
#include <string_view>

namespace trainyard {

// In columns of a terminal, whatever the locale: 2 for a wide character (Hangul, CJK, emoji), 0 for
// one that combines with the one before it, 1 for a byte of invalid UTF-8.
std::size_t display_width(std::string_view text);

}  // namespace trainyard
