#pragma once
// The look-up of programs in a PATH that is not our own.
#include <filesystem>
#include <optional>
#include <string_view>

namespace trainyard {

// The first executable file called `name` in the absolute directories of `path` ("/bin:/usr/bin").
// Relative ones are passed over: they would mean another place after a change of directory.
std::optional<std::filesystem::path> find_program_in(std::string_view path, std::string_view name);

}  // namespace trainyard
