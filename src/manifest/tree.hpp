#pragma once
// The text of a manifest as a tree in which every value knows where it stands. Scalars keep their
// source text, so that 1.10 stays 1.10.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "manifest/diagnostic.hpp"

namespace trainyard::manifest {

struct Node;
using NodePtr = std::shared_ptr<const Node>;

struct Member {
  std::string key;
  Position at;  // of the key
  NodePtr value;
};

struct Node {
  enum class Kind { Null, Scalar, Sequence, Mapping };
  Kind kind = Kind::Null;
  Position at;
  std::string text;             // Scalar
  bool folded = false;          // Scalar: written in YAML's folded style (">")
  std::vector<NodePtr> items;   // Sequence
  std::vector<Member> members;  // Mapping, in the order of the text, duplicates kept
};

inline constexpr std::size_t kMaxTextBytes = 1 << 20;
inline constexpr std::size_t kMaxNodes = 20'000;
inline constexpr std::size_t kMaxDepth = 32;

// Either a root or the one problem that kept the text from being read.
struct Tree {
  NodePtr root;  // null: see problem
  std::optional<Diagnostic> problem;
};

// One YAML document. Anchors, aliases and merge keys ("<<") work; a second document, a size or
// depth over the limits, bytes that are no UTF-8 and syntax errors are problems. Never throws on
// bad text.
Tree read_yaml(std::string_view text);
// One JSON value; positions are not known.
Tree read_json(std::string_view text);

}  // namespace trainyard::manifest
