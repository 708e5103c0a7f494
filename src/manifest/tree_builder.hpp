#pragma once
// Builds a Tree from parser events and holds it to the limits.
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "manifest/tree.hpp"

namespace trainyard::manifest {

// Leaves the parser when the text cannot become a tree.
struct TreeError : std::runtime_error {
  TreeError(Position where, const std::string& message) : std::runtime_error(message), at(where) {}
  Position at;
};

class TreeBuilder {
 public:
  // `anchor` 0: none. In a mapping, keys and values take turns.
  void null(Position at, std::size_t anchor = 0);
  void scalar(Position at, std::string text, std::size_t anchor = 0, bool folded = false);
  void alias(Position at, std::size_t anchor);
  void start(Node::Kind kind, Position at, std::size_t anchor = 0);
  void end();

  NodePtr root() const { return root_; }

 private:
  struct Open {
    std::shared_ptr<Node> node;
    std::size_t anchor = 0;
    std::optional<Member> pending;  // a key that waits for its value
    std::vector<Member> merges;     // what stands after "<<"; own keys win over it
  };
  void add_member(Open& parent, NodePtr node, Position at);
  std::shared_ptr<Node> make(Node::Kind kind, Position at);
  void add(NodePtr node, Position at, std::size_t anchor);
  void count(std::size_t nodes, Position at);
  void merge(Node& mapping, const Member& merged);
  void merge_members(Node& mapping, const Node& from, Position at);

  std::vector<Open> open_;
  std::map<std::size_t, NodePtr> anchors_;
  std::size_t nodes_ = 0;
  NodePtr root_;
};

}  // namespace trainyard::manifest
