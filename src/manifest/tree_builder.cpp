#include "manifest/tree_builder.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace trainyard::manifest {

void TreeBuilder::count(std::size_t nodes, Position at) {
  nodes_ += nodes;
  if (nodes_ > kMaxNodes) {
    throw TreeError(at, fmt::format("more than {} values; this is no manifest", kMaxNodes));
  }
}

std::shared_ptr<Node> TreeBuilder::make(Node::Kind kind, Position at) {
  count(1, at);
  auto node = std::make_shared<Node>();
  node->kind = kind;
  node->at = at;
  return node;
}

void TreeBuilder::null(Position at, std::size_t anchor) {
  add(make(Node::Kind::Null, at), at, anchor);
}

void TreeBuilder::scalar(Position at, std::string text, std::size_t anchor, bool folded) {
  auto node = make(Node::Kind::Scalar, at);
  node->text = std::move(text);
  node->folded = folded;
  add(std::move(node), at, anchor);
}

void TreeBuilder::alias(Position at, std::size_t anchor) {
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end()) throw TreeError(at, "an alias stands inside the value it names");
  count(1, at);
  add(found->second, at, 0);
}

void TreeBuilder::start(Node::Kind kind, Position at, std::size_t anchor) {
  if (open_.size() >= kMaxDepth) {
    throw TreeError(at, fmt::format("more than {} levels deep; this is no manifest", kMaxDepth));
  }
  open_.push_back({make(kind, at), anchor, {}, {}});
}

void TreeBuilder::end() {
  Open closed = std::move(open_.back());
  open_.pop_back();
  for (const auto& merged : closed.merges) merge(*closed.node, merged);
  const auto at = closed.node->at;
  add(std::move(closed.node), at, closed.anchor);
}

void TreeBuilder::add(NodePtr node, Position at, std::size_t anchor) {
  if (anchor != 0) anchors_[anchor] = node;
  if (open_.empty()) {
    root_ = std::move(node);
  } else if (auto& parent = open_.back(); parent.node->kind == Node::Kind::Sequence) {
    parent.node->items.push_back(std::move(node));
  } else {
    add_member(parent, std::move(node), at);
  }
}

void TreeBuilder::add_member(Open& parent, NodePtr node, Position at) {
  if (!parent.pending) {
    if (node->kind != Node::Kind::Scalar) throw TreeError(at, "expected a key, which is text");
    parent.pending = Member{node->text, at, nullptr};
    return;
  }
  parent.pending->value = std::move(node);
  auto& into = parent.pending->key == "<<" ? parent.merges : parent.node->members;
  into.push_back(std::move(*parent.pending));
  parent.pending.reset();
}

void TreeBuilder::merge(Node& mapping, const Member& merged) {
  if (merged.value->kind == Node::Kind::Mapping) {
    return merge_members(mapping, *merged.value, merged.at);
  }
  if (merged.value->kind != Node::Kind::Sequence) {
    throw TreeError(merged.at, "expected an alias of a mapping after <<");
  }
  for (const auto& item : merged.value->items) {
    if (item->kind != Node::Kind::Mapping) {
      throw TreeError(merged.at, "expected only aliases of mappings after <<");
    }
    merge_members(mapping, *item, merged.at);
  }
}

void TreeBuilder::merge_members(Node& mapping, const Node& from, Position at) {
  count(from.members.size(), at);
  for (const auto& member : from.members) {
    const bool known = std::any_of(mapping.members.begin(), mapping.members.end(),
                                   [&](const auto& own) { return own.key == member.key; });
    if (!known) mapping.members.push_back(member);
  }
}

}  // namespace trainyard::manifest
