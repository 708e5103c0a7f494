#include "manifest/shapes.hpp"

namespace trainyard::manifest {

std::string_view shape_name(Shape shape) {
  switch (shape) {
    case Shape::Mapping:
      return "keys with values";
    case Shape::MappingOrText:
      return "text, or keys with values";
    case Shape::MappingOrList:
      return "keys with values, or a list of one such";
    case Shape::List:
      return "a list";
    case Shape::Count:
    case Shape::Decimal:
      return "a number";
    default:
      return "text";
  }
}

std::string_view kind_name(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::Null:
      return "nothing";
    case Node::Kind::Scalar:
      return "text";
    case Node::Kind::Sequence:
      return "a list";
    case Node::Kind::Mapping:
      return "keys with values";
  }
  return "nothing";
}

bool fits(Shape shape, Node::Kind kind) {
  switch (shape) {
    case Shape::Mapping:
      return kind == Node::Kind::Mapping;
    case Shape::MappingOrText:
      return kind == Node::Kind::Mapping || kind == Node::Kind::Scalar;
    case Shape::MappingOrList:
      return kind == Node::Kind::Mapping || kind == Node::Kind::Sequence;
    case Shape::List:
      return kind == Node::Kind::Sequence;
    case Shape::Any:
      return true;
    default:
      return kind == Node::Kind::Scalar;
  }
}

}  // namespace trainyard::manifest
