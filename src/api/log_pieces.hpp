#pragma once
// How a log is cut for those who get it as text. Pure.
#include <cstddef>
#include <string_view>

namespace trainyard::api {

// What of `bytes` goes out at once: whole lines; or all of it when a line fills `full` bytes or
// `last` says that nothing more will come. Never ends inside a UTF-8 character unless the text is
// not UTF-8. 0: wait for more.
std::size_t piece_length(std::string_view bytes, std::size_t full, bool last);

}  // namespace trainyard::api
