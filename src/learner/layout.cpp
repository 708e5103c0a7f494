#include "learner/layout.hpp"

namespace trainyard::learner {
namespace {

namespace fs = std::filesystem;

std::string directory_name(const std::string& bucket) {
  if (bucket == "." || bucket == "..") return bucket.size() == 1 ? "%2E" : "%2E%2E";
  std::string name;
  for (const char c : bucket) {
    if (c == '/') {
      name += "%2F";
    } else if (c == '\0') {
      name += "%00";
    } else {
      name += c;
    }
  }
  return name;
}

}  // namespace

fs::path Layout::seen(const fs::path& path) const {
  if (confinement == Confinement::None) return path;
  return fs::path("/") / path.lexically_relative(work);
}

const std::vector<std::string_view>& Layout::scratch() {
  static const std::vector<std::string_view> names = {"job", "mnt", "root", "tmp"};
  return names;
}

Layout layout_of(const fs::path& work, const wire::Assignment& assignment,
                 Confinement confinement) {
  return {.work = work,
          .data_bucket = directory_name(assignment.manifest.training_data.bucket),
          .results_bucket = directory_name(assignment.manifest.training_results.bucket),
          .run_id = assignment.run.str(),
          .confinement = confinement};
}

}  // namespace trainyard::learner
