#include "objectstore/key_paths.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_set>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/strings.hpp"

namespace trainyard::objectstore {
namespace {

constexpr std::size_t kLongestName = 255;
constexpr std::size_t kLongestExtension = 16;

// The largest cut at or before `size` that does not split a UTF-8 character.
std::size_t character_boundary(std::string_view text, std::size_t size) {
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return size;
}

// Length of the well-formed UTF-8 character at the front, 0 when there is none.
std::size_t character_length(std::string_view text) {
  for (std::size_t length = 1; length <= 4 && length <= text.size(); ++length) {
    if (valid_utf8(text.substr(0, length))) return length;
  }
  return 0;
}

std::string escape_name(std::string_view name) {
  if (name.empty()) return "%2F";
  if (name == ".") return "%2E";
  if (name == "..") return "%2E%2E";
  if (name.find('\0') == name.npos && valid_utf8(name)) return std::string(name);
  std::string escaped;
  while (!name.empty()) {
    const std::size_t length = name.front() == '\0' ? 0 : character_length(name);
    if (length == 0) {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(name.front()));
    } else {
      escaped += name.substr(0, length);
    }
    name.remove_prefix(length == 0 ? 1 : length);
  }
  return escaped;
}

// The directories that are left of a path that is too long are ones that it had.
std::string fit(std::string path) {
  if (path.size() <= kLongestPath) return path;
  path = shorten(path, kLongestPath);
  const std::size_t name = path.rfind('/') + 1;
  return path.substr(0, name) + shorten(std::string_view(path).substr(name), kLongestName);
}

std::string to_path(std::string_view key) {
  std::string path;
  for (std::size_t begin = 0;;) {
    const std::size_t end = std::min(key.find('/', begin), key.size());
    path += shorten(escape_name(key.substr(begin, end - begin)), kLongestName);
    if (end == key.size()) return fit(std::move(path));
    path += '/';
    begin = end + 1;
  }
}

bool ends_in_directory(const ObjectInfo& object, std::string_view rest) {
  return object.size == 0 && (rest.empty() || rest.ends_with('/'));
}

class Placer {
 public:
  Placer(const Listing& objects, std::string_view prefix) : objects_(objects), prefix_(prefix) {}

  KeyPaths place() {
    for (std::size_t i = 0; i < objects_.size(); ++i) place_alone(i);
    settle();
    // In this order every parent stands before what is in it.
    result_.directories.assign(directories_.begin(), directories_.end());
    return std::move(result_);
  }

 private:
  void place_alone(std::size_t i) {
    const ObjectInfo& object = objects_[i];
    if (!object.key.starts_with(prefix_) || (i > 0 && objects_[i - 1].key == object.key)) {
      throw Error(ErrorKind::Corrupt,
                  "the store's listing is wrong at '" + printable(object.key) + "'");
    }
    std::string_view rest = std::string_view(object.key).substr(prefix_.size());
    const bool directory = ends_in_directory(object, rest);
    if (directory && rest.empty()) return void(result_.paths.emplace_back());
    if (directory) rest.remove_suffix(1);
    std::string path = to_path(rest);
    const bool changed = path != rest;
    if (changed && directory) {
      result_.remarks.push_back({object.key, "placed as the directory " + printable(path)});
    }
    add_directories(directory ? path + "/" : path);
    if (changed && !directory) changed_.push_back(i);
    result_.paths.push_back(directory ? std::string() : std::move(path));
  }

  // Of "a/b/c": "a/b" and "a". Where one is known, so are those above it.
  void add_directories(std::string_view path) {
    for (std::size_t end = path.rfind('/'); end != path.npos; end = path.rfind('/', end - 1)) {
      if (!directories_.emplace(path.substr(0, end)).second) return;
    }
  }

  // Those that stand where a directory must be, or a changed key where another one is, step aside.
  void settle() {
    std::vector<bool> moves(objects_.size(), false);
    for (std::size_t i = 0; i < objects_.size(); ++i) {
      moves[i] = directories_.contains(result_.paths[i]);
    }
    const bool any = std::find(moves.begin(), moves.end(), true) != moves.end();
    if (!any && changed_.empty()) return;
    std::unordered_set<std::string> taken(directories_.begin(), directories_.end());
    std::vector<bool> changed(objects_.size(), false);
    for (const std::size_t i : changed_) changed[i] = true;
    for (std::size_t i = 0; i < objects_.size(); ++i) {
      if (!moves[i] && !changed[i]) taken.insert(result_.paths[i]);
    }
    for (std::size_t i = 0; i < objects_.size(); ++i) {
      if (!moves[i] && !changed[i]) continue;
      const std::string wanted = result_.paths[i];
      std::string& path = result_.paths[i];
      for (unsigned n = 0; !taken.insert(path).second; ++n)
        path = aside(wanted, objects_[i].key, n);
      remark(i, changed[i] ? "no path can have that name" : "there are objects below it");
    }
  }

  static std::string aside(const std::string& path, const std::string& key, unsigned attempt) {
    const std::size_t slash = path.rfind('/');
    const std::size_t begin = slash == path.npos ? 0 : slash + 1;
    const std::string hash = short_hash(attempt == 0 ? key : key + "#" + std::to_string(attempt));
    const std::size_t room = kLongestName - hash.size();
    std::string name = path.substr(begin);
    if (name.size() > room) name.resize(character_boundary(name, room));
    return fit(path.substr(0, begin) + name + hash);
  }

  void remark(std::size_t i, std::string_view why) {
    result_.remarks.push_back(
        {objects_[i].key, "placed as " + printable(result_.paths[i]) + ": " + std::string(why)});
  }

  const Listing& objects_;
  std::string_view prefix_;
  KeyPaths result_;
  std::vector<std::size_t> changed_;
  std::set<std::string, std::less<>> directories_;
};

}  // namespace

std::string short_hash(std::string_view text) {
  return "~" + to_hex(digest(Digest::Sha256, text)).substr(0, 8);
}

std::string shorten(std::string_view name, std::size_t longest) {
  if (name.size() <= longest) return std::string(name);
  const std::string hash = short_hash(name);
  const std::size_t dot = name.rfind('.');
  const bool has_extension = dot != name.npos && name.size() - dot <= kLongestExtension &&
                             name.find('/', dot) == name.npos;
  const std::string_view extension = has_extension ? name.substr(dot) : std::string_view();
  const std::size_t room = longest - hash.size() - extension.size();
  return std::string(name.substr(0, character_boundary(name, room))) + hash +
         std::string(extension);
}

KeyPaths place_keys(const Listing& objects, std::string_view prefix) {
  return Placer(objects, prefix).place();
}

void log_places(const TransferLog& log, const KeyPaths& places) {
  log.remarks(places.remarks);
  const auto markers = std::count(places.paths.begin(), places.paths.end(), std::string());
  if (markers != 0) log.line("{} of the objects stand for directories: they hold nothing", markers);
}

}  // namespace trainyard::objectstore
