#pragma once
// Shapes of values in words, and which kinds of node have them.
#include <string_view>

#include "manifest/keys.hpp"
#include "manifest/tree.hpp"

namespace trainyard::manifest {

std::string_view shape_name(Shape shape);     // "text", "a list" …
std::string_view kind_name(Node::Kind kind);  // "text", "keys with values" …
bool fits(Shape shape, Node::Kind kind);

}  // namespace trainyard::manifest
