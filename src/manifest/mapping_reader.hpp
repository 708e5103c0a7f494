#pragma once
// A mapping of the manifest, seen through its section of the key table: aliases resolved, every
// value of the shape that the table says, and each deviation written down at its place.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "manifest/diagnostic.hpp"
#include "manifest/keys.hpp"
#include "manifest/source.hpp"
#include "manifest/tree.hpp"

namespace trainyard::manifest {

class Problems {
 public:
  explicit Problems(Source source) : source_(source) {}
  Source source() const { return source_; }
  // Returns the index of the entry.
  std::size_t add(Severity severity, Position at, std::string path, std::string message,
                  std::string hint = {});
  std::size_t error(Position at, std::string path, std::string message, std::string hint = {}) {
    return add(Severity::Error, at, std::move(path), std::move(message), std::move(hint));
  }
  Diagnostic& operator[](std::size_t index) { return list_[index]; }
  std::vector<Diagnostic> take() { return std::move(list_); }

 private:
  Source source_;
  std::vector<Diagnostic> list_;
};

class MappingReader {
 public:
  // Both referents outlive the reader. Reports what is wrong with the keys and shapes of `node`,
  // which is a mapping.
  MappingReader(Problems& problems, const Section& section, const Node& node, std::string path);

  // The value of a key by its name in the table; nullptr when it is absent, empty or was reported.
  const Node* find(std::string_view name) const;
  // Whether the key is there with a value that was reported.
  bool faulty(std::string_view name) const;
  // Whether the key is there, also without a value or under a word that is near to its name.
  bool meant(std::string_view name) const;
  // The word that stands in the manifest for the key, for example an alias; empty when absent.
  std::string spelling(std::string_view name) const;
  // The members of a Mapping, or of the one item of a MappingOrList.
  std::optional<MappingReader> section(std::string_view name) const;

  std::string text(std::string_view name) const;  // "" when find() is nullptr
  // The same for a shell command. Folding (">") keeps the line break beside a line that is indented
  // further; people mean such a line to go on with the one before, and the service of old, which
  // made one line of every command, took it so: the break becomes a blank. An empty line stays.
  std::string command(std::string_view name) const;
  std::optional<unsigned> count(std::string_view name) const;
  std::optional<double> decimal(std::string_view name) const;
  std::optional<std::uint64_t> bytes(std::string_view name) const;

  // Reports that a key is missing unless it is there (or its fault was reported before).
  void require(std::string_view name, std::string_view reason = {});

  Position at() const { return node_->at; }
  Position at(std::string_view name) const;  // of the value; of the mapping when absent
  const std::string& path() const { return path_; }
  std::string path(std::string_view name) const;  // "a.b.name", as spelled in the manifest
  Problems& problems() const { return *problems_; }

 private:
  struct Unknown {
    const Member* member;
    std::optional<std::size_t> problem;
  };
  struct Found {
    const Member* member = nullptr;
    bool faulty = false;  // there, and reported
  };
  bool required(const Key& key) const;
  bool must_have_value(const Key& key) const;  // when it is there
  const Unknown* misspelt(const Key& key) const;
  std::string member_path(std::string_view word) const;
  void take(const Member& member);
  void take_unknown(const Member& member);
  bool check(const Key& key, const Member& member) const;
  bool check_scalar(const Key& key, const Node& value, const std::string& path) const;
  bool check_choice(const Key& key, const Node& value, const std::string& path) const;
  template <typename Parse>
  auto number(std::string_view name, Parse parse, std::string_view expected) const
      -> decltype(parse(std::string_view{}));

  Problems* problems_;
  const Section* section_;
  const Node* node_;
  std::string path_;
  std::map<std::string_view, Found> found_;
  std::vector<Unknown> unknown_;
};

}  // namespace trainyard::manifest
