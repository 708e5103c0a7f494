#include "base/program_path.hpp"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.hpp"
#include "base/strings.hpp"

extern char** environ;

namespace trainyard {

namespace {

bool is_executable_file(const std::filesystem::path& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::optional<std::filesystem::path> find_program_in(std::string_view path, std::string_view name) {
  if (name.empty()) return std::nullopt;
  for (const std::string& directory : split(path, ':')) {
    if (!directory.starts_with('/')) continue;
    std::filesystem::path candidate = std::filesystem::path(directory) / name;
    if (is_executable_file(candidate)) return candidate;
  }
  return std::nullopt;
}

std::optional<std::filesystem::path> find_program(std::string_view name) {
  if (name.find('/') != std::string_view::npos) {
    std::filesystem::path path(name);
    return is_executable_file(path) ? std::optional(std::move(path)) : std::nullopt;
  }
  const char* path = ::getenv("PATH");
  return find_program_in(path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin", name);
}

std::map<std::string, std::string> current_environment() {
  std::map<std::string, std::string> result;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    result.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return result;
}

}  // namespace trainyard
