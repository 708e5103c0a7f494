#pragma once
#include <cstdint>
#include <functional>
#include <string>

namespace trainyard::logstore {

// Where the last `lines` lines of a text of `size` bytes begin: `size` for 0, 0 when there are not
// so many. A last line without its newline counts. Reads backwards in blocks, no more than it
// needs; `read` gives the bytes at an offset (fewer only past the end).
std::uint64_t last_lines_begin(
    std::uint64_t size, std::size_t lines,
    const std::function<std::string(std::uint64_t offset, std::size_t length)>& read);

}  // namespace trainyard::logstore
