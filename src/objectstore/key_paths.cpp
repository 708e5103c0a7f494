#include "objectstore/key_paths.hpp"

#include <fmt/format.h>

#include <algorithm>
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

// Of an object that is only a directory, `path` being its key without the prefix.
bool ends_in_directory(std::uint64_t size, std::string_view path) {
  return (size == 0 && path.empty()) || is_folder_marker(path, size);
}

}  // namespace

std::string_view KeyPaths::path(std::size_t i) const {
  if (const auto placed = placed_.find(i); placed != placed_.end()) return placed->second;
  const ListedObject& object = (*objects_)[i];
  const std::string_view path = object.key().substr(prefix_size_);
  return ends_in_directory(object.size(), path) ? std::string_view() : path;
}

class Placer {
 public:
  Placer(const Listing& objects, std::string_view prefix, std::size_t most_directory_text)
      : objects_(objects),
        prefix_(prefix),
        directory_text_left_(most_directory_text),
        result_(objects, prefix.size()) {}

  KeyPaths place() {
    for (std::size_t i = 0; i < objects_.size(); ++i) place_alone(i);
    settle();
    return std::move(result_);
  }

 private:
  void place_alone(std::size_t i) {
    const ListedObject& object = objects_[i];
    if (!object.key().starts_with(prefix_) || (i > 0 && objects_[i - 1].key() == object.key())) {
      throw Error(ErrorKind::Corrupt,
                  "the store's listing is wrong at '" + printable(object.key()) + "'");
    }
    std::string_view rest = object.key().substr(prefix_.size());
    const bool directory = ends_in_directory(object.size(), rest);
    if (directory && rest.empty()) return;
    if (directory) rest.remove_suffix(1);
    std::string path = to_path(rest);
    const bool changed = path != rest;
    add_directories(directory ? path + "/" : path);
    if (!changed) return;
    if (directory) {
      result_.remarks_.push_back(
          {std::string(object.key()), "placed as the directory " + printable(path)});
    } else {
      result_.placed_.emplace(i, std::move(path));
    }
  }

  // Of "a/b/c": "a/b" and "a". Where one is known, so are those above it.
  void add_directories(std::string_view path) {
    for (std::size_t end = path.rfind('/'); end != path.npos; end = path.rfind('/', end - 1)) {
      if (!result_.directories_.emplace(path.substr(0, end)).second) return;
      if (end > directory_text_left_) {
        throw Error(ErrorKind::TooLarge,
                    fmt::format("the keys name more directories than can be made: {} and more, "
                                "the last of them for '{}'",
                                result_.directories_.size(), printable(path)));
      }
      directory_text_left_ -= end;
    }
  }

  // Those that stand where a directory must be, or a changed key where another one is, step aside.
  void settle() {
    std::vector<bool> changed(objects_.size()), moves(objects_.size());
    for (const auto& [i, path] : result_.placed_) changed[i] = moves[i] = true;
    bool any = !result_.placed_.empty();
    for (std::size_t i = 0; i < objects_.size(); ++i) {
      if (!result_.directories_.contains(result_.path(i))) continue;
      any = moves[i] = true;
    }
    if (!any) return;
    std::unordered_set<std::string_view> taken(result_.directories_.begin(),
                                               result_.directories_.end());
    for (std::size_t i = 0; i < objects_.size(); ++i) {
      if (!moves[i]) taken.insert(result_.path(i));
    }
    for (std::size_t i = 0; i < objects_.size(); ++i) {
      if (!moves[i]) continue;
      const std::string wanted(result_.path(i));
      const std::string key(objects_[i].key());
      std::string& path = result_.placed_[i] = wanted;
      for (unsigned n = 0; taken.contains(path); ++n) path = aside(wanted, key, n);
      taken.insert(path);
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
    result_.remarks_.push_back(
        {std::string(objects_[i].key()),
         "placed as " + printable(result_.path(i)) + ": " + std::string(why)});
  }

  const Listing& objects_;
  std::string_view prefix_;
  std::size_t directory_text_left_;
  KeyPaths result_;
};

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

KeyPaths place_keys(const Listing& objects, std::string_view prefix,
                    std::size_t most_directory_text) {
  return Placer(objects, prefix, most_directory_text).place();
}

void log_places(const TransferLog& log, const Listing& objects, const KeyPaths& places) {
  log.remarks(places.remarks());
  std::size_t markers = 0;
  for (std::size_t i = 0; i < objects.size(); ++i) markers += places.path(i).empty();
  if (markers != 0) log.line("{} of the objects stand for directories: they hold nothing", markers);
}

}  // namespace trainyard::objectstore
