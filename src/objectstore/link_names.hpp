#pragma once
// Which path of a directory is meant by one that goes through links, when the directory has names
// of its own: whoever made the links may have seen it at another place than we do. Text only: a
// directory can change at any moment, so that the answer is to be opened beneath it all the same.
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace trainyard::objectstore {

// The target of a link at a path relative to the directory; nullopt: there is none.
using ReadLink = std::function<std::optional<std::string>(const std::string& path)>;

// The relative path, without links, that `path` comes to when its last part is followed as a link;
// its other parts are directories. `names`: absolute; what lies above the directory has no links.
// nullopt: it leads elsewhere, comes to the directory itself, or takes more than 1,000 steps.
std::optional<std::string> follow_names(const std::filesystem::path& path,
                                        const std::vector<std::filesystem::path>& names,
                                        const ReadLink& read_link);

}  // namespace trainyard::objectstore
