#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/strings.hpp"
#include "definition/archive.hpp"

namespace trainyard::definition {
namespace {

constexpr std::array<std::string_view, 5> kScripts = {".py", ".lua", ".sh", ".prototxt", ".R"};
// A command that changes folder, fetches or makes files cannot be followed by reading it.
constexpr std::array<std::string_view, 8> kOpaque = {"cd ",   "git ", "wget ", "curl ",
                                                     "unzip", "tar ", "cp ",   "find "};

bool is_script(std::string_view word) {
  return std::any_of(kScripts.begin(), kScripts.end(), [&](std::string_view ending) {
    return word.size() > ending.size() && word.ends_with(ending);
  });
}

}  // namespace

std::optional<std::string> check_command(const Report& report, std::string_view command) {
  for (const auto sign : kOpaque) {
    if (command.find(sign) != std::string_view::npos) return std::nullopt;
  }
  std::string text(command);
  std::replace(text.begin(), text.end(), '\n', ' ');
  for (const auto& word : split(text, ' ')) {
    if (!is_script(word)) continue;
    if (word.find_first_of("$*?`\"'/;&|<>=") == 0 || word.front() == '-') return std::nullopt;
    if (word.find('$') != std::string::npos) return std::nullopt;
    const std::string path = word.starts_with("./") ? word.substr(2) : word;
    if (report.contains(path)) return std::nullopt;
    std::vector<std::string> files;
    for (const auto& entry : report.entries) {
      if (!entry.directory) files.push_back(entry.path);
    }
    std::optional<std::string> meant = nearest(path, files);
    for (const auto& file : files) {
      if (file.ends_with("/" + path)) meant = file;
    }
    return fmt::format("the command calls {}, which is not in the zip{}", printable(path),
                       meant ? fmt::format("; did you mean {}?", *meant) : "");
  }
  return std::nullopt;
}

}  // namespace trainyard::definition
