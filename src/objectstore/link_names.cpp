#include "objectstore/link_names.hpp"

#include <algorithm>

#include "base/strings.hpp"

namespace trainyard::objectstore {
namespace {

constexpr unsigned kMostSteps = 1'000;

using Parts = std::vector<std::string>;

Parts parts_of(const std::string& path) {
  Parts parts = split(path, '/');
  std::erase_if(parts, [](const std::string& part) { return part.empty() || part == "."; });
  return parts;
}

// Goes on part by part; what it has come to is absolute.
class Follower {
 public:
  Follower(const std::vector<std::filesystem::path>& names, const ReadLink& read_link)
      : read_link_(read_link) {
    for (const auto& name : names) names_.push_back(parts_of(name.string()));
  }

  std::optional<std::string> go(const std::filesystem::path& path) {
    at_ = names_.front();
    std::ranges::copy(parts_of(path.parent_path().string()), std::back_inserter(at_));
    todo_ = {path.filename().string()};
    for (unsigned steps = 0; !todo_.empty(); ++steps) {
      if (steps == kMostSteps || !step()) return std::nullopt;
    }
    const auto inside = inside_path();
    return inside && !inside->empty() ? inside : std::nullopt;
  }

 private:
  // False: it is outside.
  bool step() {
    const std::string part = std::move(todo_.back());
    todo_.pop_back();
    if (part == "..") {
      if (!at_.empty()) at_.pop_back();
      return true;
    }
    at_.push_back(part);
    const auto inside = inside_path();
    if (!inside) return std::ranges::any_of(names_, [&](const Parts& n) { return begins(n, at_); });
    const auto target = inside->empty() ? std::nullopt : read_link_(*inside);
    if (target) follow(*target);
    return true;
  }

  void follow(const std::string& target) {
    at_.pop_back();
    if (target.starts_with('/')) at_.clear();
    const Parts parts = parts_of(target);
    std::copy(parts.rbegin(), parts.rend(), std::back_inserter(todo_));
  }

  std::optional<std::string> inside_path() const {
    for (const Parts& name : names_) {
      if (begins(at_, name)) return join({at_.begin() + std::ssize(name), at_.end()}, "/");
    }
    return std::nullopt;
  }

  static bool begins(const Parts& whole, const Parts& beginning) {
    return whole.size() >= beginning.size() &&
           std::equal(beginning.begin(), beginning.end(), whole.begin());
  }

  const ReadLink& read_link_;
  std::vector<Parts> names_;
  Parts at_;
  Parts todo_;  // the next one last
};

}  // namespace

std::optional<std::string> follow_names(const std::filesystem::path& path,
                                        const std::vector<std::filesystem::path>& names,
                                        const ReadLink& read_link) {
  if (names.empty()) return std::nullopt;
  return Follower(names, read_link).go(path);
}

}  // namespace trainyard::objectstore
