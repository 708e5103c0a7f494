#include "learner/python_error.hpp"

#include <algorithm>
#include <string_view>

#include "base/strings.hpp"

namespace trainyard::learner {
namespace {

constexpr std::string_view kTraceback = "Traceback (most recent call last):";
constexpr std::string_view kChildFailed = "ChildFailedError";

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.';
}

// "ValueError", "torch.cuda.OutOfMemoryError: CUDA out of memory"
bool reads_like_error(std::string_view line) {
  const auto end = std::find_if_not(line.begin(), line.end(), is_name_character);
  const std::string_view name = line.substr(0, static_cast<std::size_t>(end - line.begin()));
  if (end != line.end() && *end != ':') return false;
  return name.ends_with("Error") || name.ends_with("Exception") || name.ends_with("Interrupt");
}

// The line after the frames, which are indented; launchers put their mark before each line
// ("[rank0]: Traceback …"), then before this one too.
std::optional<std::string> end_of_traceback(const std::vector<std::string>& lines,
                                            std::size_t begin) {
  const std::string mark = lines[begin].substr(0, lines[begin].find(kTraceback));
  for (std::size_t i = begin + 1; i < lines.size(); ++i) {
    if (!lines[i].starts_with(mark)) continue;
    const std::string_view line = std::string_view(lines[i]).substr(mark.size());
    if (!trim(line).empty() && line.front() != ' ') return std::string(trim(line));
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> python_error(const std::vector<std::string>& lines) {
  std::optional<std::string> launchers;
  for (std::size_t i = lines.size(); i-- > 0;) {
    if (lines[i].find(kTraceback) == std::string::npos) continue;
    auto found = end_of_traceback(lines, i);
    if (!found) continue;
    if (found->find(kChildFailed) == std::string::npos) return found;
    launchers = std::move(found);
  }
  if (launchers) return launchers;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    if (reads_like_error(*line)) return std::string(trim(*line));
  }
  return std::nullopt;
}

}  // namespace trainyard::learner
