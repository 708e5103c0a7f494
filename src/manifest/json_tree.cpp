#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "manifest/tree_builder.hpp"

namespace trainyard::manifest {
namespace {

using nlohmann::json;

// Positions are not known here; numbers keep their source text where JSON gives it.
class Events final : public nlohmann::json_sax<json> {
 public:
  explicit Events(TreeBuilder& builder) : builder_(builder) {}

  bool null() override { return builder_.null({}), true; }
  bool boolean(bool value) override { return scalar(value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override { return scalar(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return scalar(std::to_string(value)); }
  bool number_float(number_float_t, const string_t& source) override { return scalar(source); }
  bool string(string_t& value) override { return scalar(value); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return builder_.start(Node::Kind::Mapping, {}), true; }
  bool key(string_t& value) override { return scalar(value); }
  bool end_object() override { return builder_.end(), true; }
  bool start_array(std::size_t) override { return builder_.start(Node::Kind::Sequence, {}), true; }
  bool end_array() override { return builder_.end(), true; }
  bool parse_error(std::size_t byte, const std::string&, const json::exception&) override {
    throw TreeError({}, fmt::format("not JSON: unexpected text near byte {}", byte));
  }

 private:
  bool scalar(std::string text) { return builder_.scalar({}, std::move(text)), true; }
  TreeBuilder& builder_;
};

}  // namespace

Tree read_json(std::string_view text) {
  const auto problem = [](std::string message) {
    return Tree{nullptr, Diagnostic{Severity::Error, {}, "", std::move(message), ""}};
  };
  if (text.size() > kMaxTextBytes) {
    return problem(fmt::format("{} bytes; a request has at most {}", text.size(), kMaxTextBytes));
  }
  TreeBuilder builder;
  Events events(builder);
  try {
    json::sax_parse(text, &events);
  } catch (const TreeError& e) {
    return problem(e.what());
  }
  return {builder.root(), {}};
}

}  // namespace trainyard::manifest
