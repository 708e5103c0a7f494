#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>

#include "base/strings.hpp"
#include "manifest/syntax_help.hpp"
#include "manifest/tree_builder.hpp"

namespace trainyard::manifest {
namespace {

Position position(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<unsigned>(mark.line) + 1, static_cast<unsigned>(mark.column) + 1};
}

class Events final : public YAML::EventHandler {
 public:
  Events(TreeBuilder& builder, const std::string& text) : builder_(builder), text_(text) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    builder_.null(position(mark), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    builder_.alias(position(mark), anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                const std::string& value) override {
    builder_.scalar(position(mark), value, anchor, is_folded(mark));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    builder_.start(Node::Kind::Sequence, position(mark), anchor);
  }
  void OnSequenceEnd() override { builder_.end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    builder_.start(Node::Kind::Mapping, position(mark), anchor);
  }
  void OnMapEnd() override { builder_.end(); }

 private:
  // The reader does not tell styles apart; a scalar that begins with ">" has no other.
  bool is_folded(const YAML::Mark& mark) const {
    const auto at = static_cast<std::size_t>(mark.pos);
    return !mark.is_null() && at < text_.size() && text_[at] == '>';
  }

  TreeBuilder& builder_;
  const std::string& text_;
};

// Notices that a further document has content; reads no more of it than that. At a token that
// begins nothing the reader makes empty documents without end, so every document must begin further
// on.
class SecondDocument final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (mark.pos <= last_start_) throw TreeError(position(mark), "expected a key and its value");
    last_start_ = mark.pos;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}  // "---" or "..." at the very end
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string&) override {
    refuse(mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    refuse(mark);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    refuse(mark);
  }
  void OnMapEnd() override {}

 private:
  [[noreturn]] static void refuse(const YAML::Mark& mark) {
    throw TreeError(position(mark), "a second YAML document begins; one file holds one manifest");
  }

  int last_start_ = -1;
};

// A comment without a line end comes last: yaml-cpp notices an open quote only when the text ends
// inside a line.
NodePtr parse(const std::string& text) {
  std::istringstream stream(text + "\n#");
  YAML::Parser parser(stream);
  TreeBuilder builder;
  Events events(builder, text);
  if (!parser.HandleNextDocument(events)) return nullptr;
  SecondDocument second;
  while (parser.HandleNextDocument(second)) {
  }
  return builder.root();
}

// Line ends of every kind become "\n", so that no value depends on the editor that wrote it.
std::string with_plain_line_ends(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') {
      result += text[i];
    } else if (i + 1 == text.size() || text[i + 1] != '\n') {
      result += '\n';
    }
  }
  return result;
}

Position position_of_byte(std::string_view text, std::size_t offset) {
  const auto before = text.substr(0, offset);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const auto line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {static_cast<unsigned>(lines) + 1, static_cast<unsigned>(offset - line_start) + 1};
}

std::size_t first_invalid_byte(std::string_view text) {
  std::size_t good = 0;
  std::size_t bad = text.size() + 1;  // the shortest prefix that is invalid, found by halving
  while (bad - good > 1) {
    const auto middle = good + (bad - good) / 2;
    // A prefix may end within a character; up to three bytes more complete it.
    bool valid = false;
    for (std::size_t more = 0; more < 4 && middle + more <= text.size() && !valid; ++more) {
      valid = valid_utf8(text.substr(0, middle + more));
    }
    (valid ? good : bad) = middle;
  }
  return good;
}

std::optional<Diagnostic> check_bytes(std::string_view text) {
  const auto problem = [](Position at, std::string message, std::string hint = {}) {
    return Diagnostic{Severity::Error, at, "", std::move(message), std::move(hint)};
  };
  if (text.size() > kMaxTextBytes) {
    return problem({},
                   fmt::format("{} bytes; a manifest has at most {}", text.size(), kMaxTextBytes));
  }
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    return problem({1, 1}, "the text is UTF-16", "save it as UTF-8");
  }
  if (text.starts_with("PK\x03\x04")) {
    return problem({1, 1}, "this is a zip, not a manifest",
                   "the model definition comes first, the manifest second");
  }
  if (const auto zero = text.find('\0'); zero != text.npos) {
    return problem(position_of_byte(text, zero), "a zero byte; this is no text");
  }
  if (!valid_utf8(text)) {
    return problem(position_of_byte(text, first_invalid_byte(text)), "a byte that is not UTF-8",
                   "save the file as UTF-8");
  }
  return std::nullopt;
}

}  // namespace

Tree read_yaml(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (auto problem = check_bytes(text)) return {nullptr, std::move(problem)};
  const auto clean = with_plain_line_ends(text);
  try {
    if (auto root = parse(clean); root && root->kind != Node::Kind::Null) return {root, {}};
    return {nullptr, Diagnostic{Severity::Error, {1, 1}, "", "the text is empty", ""}};
  } catch (const TreeError& e) {
    return {nullptr, Diagnostic{Severity::Error, e.at, "", e.what(), ""}};
  } catch (const YAML::Exception& e) {
    return {nullptr, explain_syntax_error(clean, position(e.mark), e.msg)};
  }
}

}  // namespace trainyard::manifest
