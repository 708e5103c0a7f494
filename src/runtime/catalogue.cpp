#include "runtime/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/strings.hpp"
#include "runtime/builtin_catalogue.hpp"
#include "runtime/catalogue_file.hpp"

namespace trainyard::runtime {
namespace {

// "1.2-py3", "latest-gpu-py3", "1.5-py3-horovod" → the version alone; the words that were dropped
// say nothing that this service needs, but -py2 and -horovod ask for something that it lacks.
std::string plain_version(std::string_view text) {
  auto parts = split(to_lower(trim(text)), '-');
  const auto is_suffix = [](const std::string& p) {
    return p == "gpu" || p == "cpu" || p.rfind("py3", 0) == 0;
  };
  while (parts.size() > 1 && is_suffix(parts.back())) parts.pop_back();
  if (parts.size() == 1 && is_suffix(parts.front())) return "latest";
  return join(parts, "-");
}

std::string replace_all(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
  return text;
}

struct Match {
  const Catalogue::Entry* entry = nullptr;
  std::string version;  // the catalogue's
  std::string pin;      // for {pin}
};

bool is_prefix_of(std::string_view prefix, std::string_view version) {
  return version.size() > prefix.size() && version.substr(0, prefix.size()) == prefix &&
         version[prefix.size()] == '.';
}

std::optional<Match> match_version(const Catalogue::Framework& framework,
                                   const std::string& wanted) {
  const bool latest = wanted.empty() || wanted == "latest";
  std::optional<Match> by_prefix;
  for (const auto& entry : framework.entries) {
    for (const auto& version : entry.versions) {
      const Match whole{&entry, version, version + ".*"};
      if (latest || wanted == version) return whole;
      if (is_prefix_of(version, wanted)) return Match{&entry, version, wanted};
      if (!by_prefix && is_prefix_of(wanted, version)) by_prefix = whole;
    }
  }
  return by_prefix;
}

std::vector<std::string> versions_of(const Catalogue::Framework& framework) {
  std::vector<std::string> result;
  for (const auto& entry : framework.entries) {
    result.insert(result.end(), entry.versions.begin(), entry.versions.end());
  }
  return result;
}

std::vector<std::string> pinned(const std::vector<std::string>& packages, const Match& match) {
  std::vector<std::string> result;
  for (const auto& line : packages) {
    result.push_back(
        replace_all(replace_all(line, "{pin}", match.pin), "{version}", match.version));
  }
  return result;
}

const Python* choose_python(const Catalogue::Entry& entry, const Host& host) {
  for (const Python& python : host.pythons) {
    if (python.version >= entry.python_min && python.version <= entry.python_max) return &python;
  }
  return nullptr;
}

std::optional<std::string> missing(const Catalogue::Entry& entry, const Host& host) {
  switch (entry.kind) {
    case Kind::Host:
      if (entry.program == "python3" ? host.pythons.empty()
                                     : !host.programs.contains(entry.program))
        return fmt::format("the program {} is not installed", entry.program);
      return std::nullopt;
    case Kind::Environment:
      if (!choose_python(entry, host)) {
        return fmt::format("needs a python {} to {} on this machine", entry.python_min.to_string(),
                           entry.python_max.to_string());
      }
      if (!host.can_make_environments) return "needs uv, or python3 with venv (python3-venv)";
      return std::nullopt;
    case Kind::Image:
      if (!host.container) return "needs podman or docker";
      return std::nullopt;
  }
  return std::nullopt;
}

RuntimeSpec make_spec(const std::string& framework, const Match& match, const Host& host) {
  RuntimeSpec spec;
  spec.kind = match.entry->kind;
  spec.framework = framework;
  spec.version = match.version;
  spec.variables = match.entry->variables;
  if (spec.kind == Kind::Host) {
    spec.program = match.entry->program == "python3" ? host.pythons.front().program
                                                     : host.programs.at(match.entry->program);
  } else if (spec.kind == Kind::Image) {
    spec.image = replace_all(match.entry->image, "{version}", match.version);
    spec.container = *host.container;
  } else {
    spec.python = *choose_python(*match.entry, host);
    spec.packages = pinned(match.entry->packages, match);
    const auto extra =
        pinned(host.gpus ? match.entry->gpu_packages : match.entry->cpu_packages, match);
    spec.packages.insert(spec.packages.end(), extra.begin(), extra.end());
  }
  return spec;
}

RuntimeSpec custom_image(const model::Framework& framework, const Host& host) {
  if (framework.version.empty()) {
    throw Error(ErrorKind::InvalidInput,
                "framework custom needs the name of a container image as its version");
  }
  if (!host.container) {
    throw Error(ErrorKind::Unsupported,
                fmt::format("the image {} needs podman or docker; install one of them",
                            printable(framework.version)));
  }
  RuntimeSpec spec;
  spec.kind = Kind::Image;
  spec.framework = framework.name;
  spec.version = framework.version;
  spec.image = framework.version;
  spec.container = *host.container;
  return spec;
}

std::vector<std::string> short_words(const Catalogue::Framework& framework,
                                     const std::string& version) {
  std::vector<std::string> words;
  std::vector<std::string> candidates = {"latest"};
  for (std::size_t dot = version.find('.'); dot != std::string::npos;
       dot = version.find('.', dot + 1)) {
    candidates.push_back(version.substr(0, dot));
  }
  for (const auto& word : candidates) {
    const auto match = match_version(framework, word);
    if (match && match->version == version) words.push_back(word);
  }
  return words;
}

}  // namespace

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::Host:
      return "host";
    case Kind::Environment:
      return "environment";
    case Kind::Image:
      return "image";
  }
  return "";
}

std::string RuntimeSpec::label() const {
  switch (kind) {
    case Kind::Host:
      return fmt::format("{} {} ({})", framework, version, program.string());
    case Kind::Environment:
      return fmt::format("{} {} (python {})", framework, version, python.version.to_string());
    case Kind::Image:
      return fmt::format("{} {} (image {})", framework, version, image);
  }
  return framework;
}

std::string RuntimeSpec::environment_id() const {
  const std::string content = fmt::format("v1\n{}\n{}\n{}\n", python.program.string(),
                                          python.version.to_string(), join(packages, "\n"));
  return to_hex(digest(Digest::Sha256, content)).substr(0, 32);
}

Catalogue Catalogue::builtin() {
  Catalogue catalogue;
  catalogue.add(builtin_catalogue(), "built-in catalogue");
  return catalogue;
}

void Catalogue::add(std::string_view yaml, const std::string& file_name) {
  for (Framework& added : parse_catalogue(yaml, file_name)) {
    auto known = std::find_if(frameworks_.begin(), frameworks_.end(),
                              [&](const Framework& f) { return f.name == added.name; });
    if (known == frameworks_.end()) {
      frameworks_.push_back(std::move(added));
      continue;
    }
    // The added entries are looked at first, so they replace those of the same version.
    added.entries.insert(added.entries.end(), known->entries.begin(), known->entries.end());
    added.aliases.insert(added.aliases.end(), known->aliases.begin(), known->aliases.end());
    *known = std::move(added);
  }
}

const Catalogue::Framework* Catalogue::find(std::string_view name) const {
  for (const Framework& framework : frameworks_) {
    if (iequals(framework.name, name)) return &framework;
    for (const auto& alias : framework.aliases) {
      if (iequals(alias, name)) return &framework;
    }
  }
  return nullptr;
}

RuntimeSpec Catalogue::resolve(const model::Framework& wanted, const Host& host) const {
  if (iequals(wanted.name, "custom")) return custom_image(wanted, host);
  const Framework* framework = find(wanted.name);
  if (!framework) {
    std::vector<std::string> names;
    for (const auto& f : frameworks_) names.push_back(f.name);
    const auto meant = nearest(wanted.name, names);
    throw Error(ErrorKind::InvalidInput,
                fmt::format("unknown framework \"{}\"{}; there are {}", printable(wanted.name),
                            meant ? fmt::format(": did you mean {}?", *meant) : std::string(),
                            join(names, ", ")));
  }
  const auto match = match_version(*framework, plain_version(wanted.version));
  if (!match) {
    const auto versions = versions_of(*framework);
    const auto meant = nearest(plain_version(wanted.version), versions);
    throw Error(ErrorKind::InvalidInput,
                fmt::format("framework {} has no version \"{}\"{}; there are {}", framework->name,
                            printable(wanted.version),
                            meant ? fmt::format(": the nearest is {}", *meant) : std::string(),
                            join(versions, ", ")));
  }
  if (const auto lack = missing(*match->entry, host)) {
    throw Error(ErrorKind::Unsupported,
                fmt::format("framework {} {} cannot run on this machine: {}", framework->name,
                            match->version, *lack));
  }
  return make_spec(framework->name, *match, host);
}

std::vector<FrameworkInfo> Catalogue::list(const Host& host) const {
  std::vector<FrameworkInfo> result;
  for (const Framework& framework : frameworks_) {
    std::vector<std::string> seen;
    for (const Entry& entry : framework.entries) {
      const auto lack = missing(entry, host);
      for (const auto& version : entry.versions) {
        if (std::find(seen.begin(), seen.end(), version) != seen.end()) continue;
        seen.push_back(version);
        result.push_back({framework.name, version, short_words(framework, version), entry.kind,
                          !lack.has_value(), lack.value_or("")});
      }
    }
  }
  return result;
}

std::vector<std::string> Catalogue::host_programs() const {
  std::vector<std::string> result;
  for (const Framework& framework : frameworks_) {
    for (const Entry& entry : framework.entries) {
      if (entry.kind == Kind::Host) result.push_back(entry.program);
    }
  }
  return result;
}

}  // namespace trainyard::runtime
