#include "manifest/syntax_help.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>
#include <vector>

#include "base/strings.hpp"

namespace trainyard::manifest {
namespace {

struct Line {
  std::string_view text = {};
  std::size_t indent = 0;
  bool blank = true;             // empty or only a comment
  std::string_view key;          // of "key:" at the line's begin; may be empty
  std::string_view after_colon;  // what follows it, untrimmed
};

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

Line look_at(std::string_view text) {
  Line line;
  line.text = text;
  line.indent = std::min(text.find_first_not_of(" \t"), text.size());
  auto rest = text.substr(line.indent);
  line.blank = rest.empty() || rest[0] == '#';
  if (rest.starts_with("- ")) rest.remove_prefix(2);
  const auto end = std::find_if_not(rest.begin(), rest.end(), is_word) - rest.begin();
  const auto length = static_cast<std::size_t>(end);
  if (length > 0 && length < rest.size() && rest[length] == ':') {
    line.key = rest.substr(0, length);
    line.after_colon = rest.substr(length + 1);
  }
  return line;
}

std::vector<Line> lines_up_to(std::string_view text, unsigned last) {
  std::vector<Line> lines;
  while (!text.empty() && lines.size() < last) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.push_back(look_at(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

Diagnostic at_line(std::size_t index, const Line& line, std::string message, std::string hint) {
  const Position at{static_cast<unsigned>(index) + 1, static_cast<unsigned>(line.indent) + 1};
  return {Severity::Error, at, "", std::move(message), std::move(hint)};
}

using Lines = std::vector<Line>;
using Finding = std::optional<Diagnostic>;

Finding find_conflict_marker(const Lines& lines) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].text.starts_with("<<<<<<< ")) {
      return at_line(i, lines[i], "a merge conflict is left in the text",
                     "keep one side and remove the marker lines");
    }
  }
  return std::nullopt;
}

// The last line, and the line with content before it.
std::vector<std::size_t> last_two(const Lines& lines) {
  std::vector<std::size_t> found;
  for (std::size_t i = lines.size(); i-- > 0 && found.size() < 2;) {
    if (!lines[i].blank) found.push_back(i);
  }
  return found;
}

Finding find_tab(const Lines& lines) {
  for (const auto i : last_two(lines)) {
    if (lines[i].text.substr(0, lines[i].indent).find('\t') != std::string_view::npos) {
      return at_line(i, lines[i], "a tab indents this line", "YAML indents with blanks only");
    }
  }
  return std::nullopt;
}

Finding find_missing_blank(const Lines& lines) {
  for (const auto i : last_two(lines)) {
    const auto& after = lines[i].after_colon;
    if (after.empty() || after[0] == ' ' || after[0] == '\t' || after.starts_with("//")) continue;
    return at_line(i, lines[i], fmt::format("a blank is missing after \"{}:\"", lines[i].key), "");
  }
  return std::nullopt;
}

// "command:" with its text on the next lines, no further right than the key itself.
Finding find_unindented_text(const Lines& lines) {
  const auto last = last_two(lines);
  if (last.empty()) return std::nullopt;
  bool text_between = false;
  for (auto i = last[0] + 1; i-- > 0;) {
    const auto& line = lines[i];
    if (line.blank) continue;
    if (line.indent < lines[last[0]].indent) break;
    if (!line.key.empty() && trim(line.after_colon).empty() && text_between) {
      return at_line(
          i, line, fmt::format("the text of \"{}\" stands no further right than its key", line.key),
          fmt::format("write \"{}: >\" and indent the text below it", line.key));
    }
    if (line.key.empty()) text_between = true;
  }
  return std::nullopt;
}

Finding find_second_colon(const Lines& lines) {
  if (lines.empty() || lines.back().after_colon.find(": ") == std::string_view::npos) {
    return std::nullopt;
  }
  return at_line(lines.size() - 1, lines.back(),
                 fmt::format("a second \": \" in the value of \"{}\"", lines.back().key),
                 "put the value in quotes");
}

// Does the quote that begins `value` end in it?
bool closes(std::string_view value) {
  const char quote = value[0];
  for (std::size_t i = 1; i < value.size(); ++i) {
    if (quote == '"' && value[i] == '\\') {
      ++i;
    } else if (value[i] == quote) {
      return true;
    }
  }
  return false;
}

Finding find_open_quote(const Lines& lines) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto value = trim(lines[i].after_colon);
    if (value.empty() || (value[0] != '"' && value[0] != '\'') || closes(value)) continue;
    return at_line(
        i, lines[i],
        fmt::format("the quote that begins the value of \"{}\" is not closed on its line",
                    lines[i].key),
        "close it");
  }
  return std::nullopt;
}

Finding find_wrong_indent(const Lines& lines) {
  const auto last = last_two(lines);
  if (last.size() < 2) return std::nullopt;
  const auto& [line, before] = std::pair(lines[last[0]], lines[last[1]]);
  if (line.indent > before.indent && !before.key.empty() && !trim(before.after_colon).empty()) {
    return at_line(
        last[0], line,
        fmt::format("indented deeper than \"{}\" above, which has its value", before.key),
        "indent both alike");
  }
  if (trim(line.text).starts_with("- ")) {
    return at_line(last[0], line, "a list item stands among keys", "indent it below its key");
  }
  if (line.indent < before.indent) {
    return at_line(last[0], line, "indented like no line above",
                   "keys that belong together begin in one column");
  }
  return std::nullopt;
}

struct Sentence {
  std::string_view reason;  // how the reader's reason begins
  std::string_view message;
  std::string_view hint;
};

constexpr std::array kSentences = {
    Sentence{"unknown token", "a value that cannot begin so", "put the value in quotes"},
    Sentence{"the referenced anchor", "a value that begins with * names no anchor of this text",
             "put the value in quotes"},
    Sentence{"alias not found", "a value that begins with *", "put the value in quotes"},
    Sentence{"anchor not found", "a value that begins with &", "put the value in quotes"},
    Sentence{"illegal character found while scanning a", "a value that begins with * or &",
             "put the value in quotes"},
    Sentence{"unknown escape", "a backslash in double quotes that begins no known escape",
             "use single quotes, in which a backslash means itself"},
    Sentence{"invalid unicode", "an escape that is no character", ""},
    Sentence{"bad character found while scanning hex", "an escape that is no character", ""},
    Sentence{"end of map flow", "a { is never closed", ""},
    Sentence{"end of sequence flow", "a [ is never closed", ""},
    Sentence{"illegal flow end", "a } or ] closes nothing", ""},
    Sentence{"illegal EOF in scalar", "a quote is never closed", ""},
    Sentence{"illegal block entry", "a list item may not begin on this line",
             "begin it on a line of its own"},
    Sentence{"illegal map value", "a \":\" where no key can stand", ""},
    Sentence{"end of map not found", "expected a key and its value", ""},
    Sentence{"end of sequence not found", "expected a list item", ""},
};

Diagnostic in_plain_words(Position at, std::string_view reason) {
  for (const auto& sentence : kSentences) {
    if (reason.starts_with(sentence.reason)) {
      return {Severity::Error, at, "", std::string(sentence.message), std::string(sentence.hint)};
    }
  }
  // What follows a colon in the reason may be a value of the text.
  const auto safe = reason.substr(0, reason.find(':'));
  return {Severity::Error, at, "", fmt::format("not YAML: {}", safe), ""};
}

}  // namespace

Diagnostic explain_syntax_error(std::string_view text, Position at, std::string_view reason) {
  const auto lines = lines_up_to(text, at.line);
  if (auto found = find_conflict_marker(lines)) return *found;
  if (auto found = find_tab(lines)) return *found;
  const bool structural = reason == "illegal map value" || reason == "end of map not found" ||
                          reason == "illegal map key";
  if (structural || reason == "illegal EOF in scalar") {
    if (auto found = find_open_quote(lines)) return *found;
  }
  if (structural) {
    for (const auto find :
         {find_missing_blank, find_unindented_text, find_second_colon, find_wrong_indent}) {
      if (auto found = find(lines)) return *found;
    }
  }
  return in_plain_words(at, reason);
}

}  // namespace trainyard::manifest
