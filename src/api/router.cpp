#include "api/router.hpp"

#include "base/strings.hpp"

namespace trainyard::api {

std::vector<std::string> path_segments(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  return split(path.empty() ? path : path.substr(1), '/');
}

bool match_path(const std::vector<std::string>& pattern, const std::vector<std::string>& path,
                Params& params) {
  if (pattern.size() != path.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const std::string& part = pattern[i];
    if (part.size() > 2 && part.front() == '{') {
      auto value = percent_decode(path[i]);
      if (!value || value->empty()) return false;
      params[part.substr(1, part.size() - 2)] = std::move(*value);
    } else if (part != path[i]) {
      return false;
    }
  }
  return true;
}

}  // namespace trainyard::api
