#include "runtime/catalogue_file.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/strings.hpp"

namespace trainyard::runtime {
namespace {

constexpr std::size_t kMaxBytes = 1 << 20;

class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}

  [[noreturn]] void fail(const YAML::Mark& mark, const std::string& what) const {
    throw Error(ErrorKind::InvalidInput,
                fmt::format("{}:{}:{}: {}", file_, mark.line + 1, mark.column + 1, what));
  }

  std::string text(const YAML::Node& node, std::string_view what) const {
    if (!node.IsScalar()) fail(node.Mark(), fmt::format("{} must be a text", what));
    return node.Scalar();
  }

  std::vector<std::string> texts(const YAML::Node& node, std::string_view what) const {
    if (!node.IsDefined()) return {};
    if (node.IsScalar()) return {node.Scalar()};
    if (!node.IsSequence()) fail(node.Mark(), fmt::format("{} must be a list of texts", what));
    std::vector<std::string> result;
    for (const auto& item : node) result.push_back(text(item, what));
    return result;
  }

  void check_keys(const YAML::Node& node, const std::vector<std::string>& known) const {
    if (!node.IsMap()) fail(node.Mark(), fmt::format("expected keys: {}", join(known, ", ")));
    for (const auto& item : node) {
      const std::string key = text(item.first, "a key");
      if (std::find(known.begin(), known.end(), key) != known.end()) continue;
      const auto meant = nearest(key, known);
      fail(item.first.Mark(),
           fmt::format("unknown key \"{}\"{}", printable(key),
                       meant ? fmt::format("; did you mean \"{}\"?", *meant)
                             : fmt::format("; known are {}", join(known, ", "))));
    }
  }

 private:
  const std::string& file_;
};

void read_python(const Reader& reader, const YAML::Node& node, Catalogue::Entry& entry) {
  if (!node.IsDefined()) return;
  const std::string range = reader.text(node, "python");
  const auto ends = split(range, '-');
  const auto low = PythonVersion::parse(ends.front());
  const auto high = PythonVersion::parse(ends.back());
  if (!low || !high || ends.size() > 2) {
    reader.fail(node.Mark(), fmt::format("python must be like 3.10-3.13, not \"{}\"", range));
  }
  entry.python_min = *low;
  entry.python_max = *high;
}

void read_environment(const Reader& reader, const YAML::Node& node, Catalogue::Entry& entry) {
  reader.check_keys(node, {"python", "packages", "cpu_packages", "gpu_packages"});
  entry.kind = Kind::Environment;
  read_python(reader, node["python"], entry);
  entry.packages = reader.texts(node["packages"], "packages");
  entry.cpu_packages = reader.texts(node["cpu_packages"], "cpu_packages");
  entry.gpu_packages = reader.texts(node["gpu_packages"], "gpu_packages");
}

Catalogue::Entry read_entry(const Reader& reader, const YAML::Node& node) {
  reader.check_keys(node, {"versions", "host", "environment", "image", "variables"});
  Catalogue::Entry entry;
  entry.versions = reader.texts(node["versions"], "versions");
  if (entry.versions.empty()) reader.fail(node.Mark(), "versions is missing");
  const int kinds =
      node["host"].IsDefined() + node["environment"].IsDefined() + node["image"].IsDefined();
  if (kinds != 1) reader.fail(node.Mark(), "exactly one of host, environment, image is needed");
  if (node["host"]) {
    entry.kind = Kind::Host;
    entry.program = reader.text(node["host"], "host");
  } else if (node["image"]) {
    entry.kind = Kind::Image;
    entry.image = reader.text(node["image"], "image");
  } else {
    read_environment(reader, node["environment"], entry);
  }
  if (const auto variables = node["variables"]) {
    if (!variables.IsMap()) reader.fail(variables.Mark(), "variables must be NAME: value pairs");
    for (const auto& item : variables) {
      entry.variables[reader.text(item.first, "a variable's name")] =
          reader.text(item.second, "a variable's value");
    }
  }
  return entry;
}

Catalogue::Framework read_framework(const Reader& reader, const YAML::Node& node) {
  reader.check_keys(node, {"name", "aliases", "runtimes"});
  Catalogue::Framework framework;
  if (!node["name"]) reader.fail(node.Mark(), "name is missing");
  framework.name = to_lower(reader.text(node["name"], "name"));
  framework.aliases = reader.texts(node["aliases"], "aliases");
  if (!node["runtimes"] || !node["runtimes"].IsSequence()) {
    reader.fail(node.Mark(), "runtimes must be a list");
  }
  for (const auto& item : node["runtimes"]) framework.entries.push_back(read_entry(reader, item));
  return framework;
}

}  // namespace

std::vector<Catalogue::Framework> parse_catalogue(std::string_view yaml,
                                                  const std::string& file_name) {
  const Reader reader(file_name);
  if (yaml.size() > kMaxBytes) {
    throw Error(ErrorKind::TooLarge, fmt::format("{} is larger than 1 MiB", file_name));
  }
  try {
    const YAML::Node root = YAML::Load(std::string(yaml));
    reader.check_keys(root, {"frameworks"});
    if (!root["frameworks"] || !root["frameworks"].IsSequence()) {
      reader.fail(root.Mark(), "frameworks must be a list");
    }
    std::vector<Catalogue::Framework> result;
    for (const auto& item : root["frameworks"]) result.push_back(read_framework(reader, item));
    return result;
  } catch (const YAML::Exception& e) {
    reader.fail(e.mark, e.msg);
  }
}

}  // namespace trainyard::runtime
