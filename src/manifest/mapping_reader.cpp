#include "manifest/mapping_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/strings.hpp"
#include "manifest/shapes.hpp"

namespace trainyard::manifest {
namespace {

bool is_identifier(std::string_view word) {
  return !word.empty() && word.size() <= 40 && std::all_of(word.begin(), word.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
  });
}

// Text that is no plain word may be a value that lost its colon: it is not repeated.
std::string shown_key(std::string_view word) {
  return is_identifier(word) ? std::string(word) : std::string("(unknown)");
}

std::vector<std::string> words_of(const Section& section) {
  std::vector<std::string> words;
  for (const auto& key : section.keys) {
    words.emplace_back(key.name);
    words.insert(words.end(), key.aliases.begin(), key.aliases.end());
  }
  return words;
}

bool is_placeholder(std::string_view text) {
  text = trim(text);
  return text.size() > 2 && text.front() == '<' && text.back() == '>' &&
         text.find_first_of("<>", 1) == text.size() - 1;
}

std::string quoted(std::string_view text) { return fmt::format("\"{}\"", printable(text, 60)); }

bool same_value(const Node& a, const Node& b) {
  return a.kind == Node::Kind::Scalar && b.kind == Node::Kind::Scalar && a.text == b.text;
}

// Where else in the table a word is a key: "model_definition.execution".
std::optional<std::string> home_of(const Section& section, std::string_view word,
                                   const std::string& path) {
  for (const auto& key : section.keys) {
    if (key.members == nullptr) continue;
    const auto inner = path.empty() ? std::string(key.name) : fmt::format("{}.{}", path, key.name);
    if (key.members->find(word) != nullptr) return inner;
    if (auto deeper = home_of(*key.members, word, inner)) return deeper;
  }
  return std::nullopt;
}

}  // namespace

std::size_t Problems::add(Severity severity, Position at, std::string path, std::string message,
                          std::string hint) {
  list_.push_back({severity, at, std::move(path), std::move(message), std::move(hint)});
  return list_.size() - 1;
}

MappingReader::MappingReader(Problems& problems, const Section& section, const Node& node,
                             std::string path)
    : problems_(&problems), section_(&section), node_(&node), path_(std::move(path)) {
  for (const auto& member : node.members) take(member);
  for (const auto& key : section.keys) {
    if (required(key)) require(key.name);
  }
}

bool MappingReader::required(const Key& key) const {
  return key.need == Need::Required ||
         (key.need == Need::RequiredInFile && problems_->source() == Source::File);
}

bool MappingReader::must_have_value(const Key& key) const {
  return required(key) || key.need == Need::MayBeAbsent;
}

std::string MappingReader::member_path(std::string_view word) const {
  return path_.empty() ? std::string(word) : fmt::format("{}.{}", path_, word);
}

void MappingReader::take(const Member& member) {
  const auto* key = section_->find(member.key);
  if (key == nullptr) return take_unknown(member);

  auto& found = found_[key->name];
  if (found.member != nullptr) {
    if (member.key == found.member->key || !same_value(*found.member->value, *member.value)) {
      const auto hint = found.member->at.line > 0
                            ? fmt::format("the first is on line {}", found.member->at.line)
                            : std::string();
      problems_->error(
          member.at, member_path(member.key),
          member.key == found.member->key
              ? "the key is given twice"
              : fmt::format("means the same as \"{}\", which is also given", found.member->key),
          hint);
    }
    return;
  }
  found.member = &member;
  found.faulty = !check(*key, member);
}

void MappingReader::take_unknown(const Member& member) {
  Unknown unknown{&member, {}};
  if (problems_->source() == Source::File) {
    std::string hint;
    if (const auto near = nearest(member.key, words_of(*section_))) {
      hint = fmt::format("did you mean \"{}\"?", *near);
    } else if (const auto home = home_of(run_manifest(), member.key, "")) {
      hint = fmt::format("it belongs under {}", *home);
    }
    unknown.problem =
        problems_->add(Severity::Warning, member.at, member_path(shown_key(member.key)),
                       "unknown key, ignored", hint);
  }
  unknown_.push_back(std::move(unknown));
}

bool MappingReader::check(const Key& key, const Member& member) const {
  const auto path = member_path(member.key);
  const auto& value = *member.value;
  if (value.kind == Node::Kind::Null) {
    if (must_have_value(key)) {
      problems_->error(member.at, path,
                       fmt::format("expected {}, found nothing", shape_name(key.shape)));
    }
    return !must_have_value(key);
  }
  if (!fits(key.shape, value.kind)) {
    problems_->error(
        value.at, path,
        fmt::format("expected {}, found {}", shape_name(key.shape), kind_name(value.kind)));
    return false;
  }
  return value.kind != Node::Kind::Scalar || check_scalar(key, value, path);
}

bool MappingReader::check_scalar(const Key& key, const Node& value, const std::string& path) const {
  if (must_have_value(key) && trim(value.text).empty()) {
    problems_->error(value.at, path, "expected text, found none");
    return false;
  }
  if (value.text.find('\0') != std::string::npos) {
    problems_->error(value.at, path, "a zero byte, which no value may hold");
    return false;
  }
  if (value.text.size() > key.most_bytes) {
    problems_->error(
        value.at, path, fmt::format("{} bytes; at most {} fit", value.text.size(), key.most_bytes),
        key.shape == Shape::Command ? "put it into a script of the zip and call that" : "");
    return false;
  }
  if (key.shape != Shape::Command && is_placeholder(value.text)) {
    problems_->error(value.at, path,
                     key.shape == Shape::Private
                         ? "a placeholder in angle brackets is left over"
                         : fmt::format("the placeholder {} is left over", quoted(trim(value.text))),
                     "put your own value in its place");
    return false;
  }
  return key.choices.empty() || check_choice(key, value, path);
}

bool MappingReader::check_choice(const Key& key, const Node& value, const std::string& path) const {
  const auto word = trim(value.text);
  std::vector<std::string> choices(key.choices.begin(), key.choices.end());
  for (const auto& choice : choices) {
    if (iequals(choice, word)) return true;
  }
  const auto near = nearest(word, choices);
  problems_->error(value.at, path,
                   fmt::format("expected one of {}, found {}", join(choices, ", "), quoted(word)),
                   near ? fmt::format("did you mean \"{}\"?", *near) : std::string());
  return false;
}

const MappingReader::Unknown* MappingReader::misspelt(const Key& key) const {
  std::vector<std::string> words(key.aliases.begin(), key.aliases.end());
  words.emplace_back(key.name);
  for (const auto& unknown : unknown_) {
    if (nearest(unknown.member->key, words)) return &unknown;
  }
  return nullptr;
}

bool MappingReader::meant(std::string_view name) const {
  return found_.contains(name) || misspelt(*section_->find(name)) != nullptr;
}

void MappingReader::require(std::string_view name, std::string_view reason) {
  const auto found = found_.find(name);
  if (found != found_.end() && (found->second.faulty || find(name) != nullptr)) return;

  const auto* key = section_->find(name);
  auto message = fmt::format("\"{}\" is missing", name);
  if (!reason.empty()) message += fmt::format(", which {}", reason);
  if (const auto* unknown = misspelt(*key)) {
    const auto hint = fmt::format("\"{}\" is no key of it", shown_key(unknown->member->key));
    if (unknown->problem) {  // the misspelt key is the better place
      auto& problem = (*problems_)[*unknown->problem];
      problem.severity = Severity::Error;
      problem.message = fmt::format("unknown key, and {}", message);
      // A section is taken for the one that it is near to, so that faults in it are said too.
      if (key->members != nullptr && is_identifier(unknown->member->key)) {
        found_[key->name] = {unknown->member, !check(*key, *unknown->member)};
      }
    } else {
      problems_->error(node_->at, path_, message, hint);
    }
    return;
  }
  const bool showable = !key->sample.empty() && key->sample[0] != '{' && key->sample[0] != '<';
  problems_->error(node_->at, path_, message,
                   showable ? fmt::format("for example {}: {}", name, key->sample) : "");
}

const Node* MappingReader::find(std::string_view name) const {
  const auto found = found_.find(name);
  if (found == found_.end() || found->second.faulty) return nullptr;
  const auto* value = found->second.member->value.get();
  return value->kind == Node::Kind::Null ? nullptr : value;
}

bool MappingReader::faulty(std::string_view name) const {
  const auto found = found_.find(name);
  return found != found_.end() && found->second.faulty;
}

std::string MappingReader::spelling(std::string_view name) const {
  const auto found = found_.find(name);
  return found == found_.end() ? "" : found->second.member->key;
}

Position MappingReader::at(std::string_view name) const {
  const auto found = found_.find(name);
  return found == found_.end() ? node_->at : found->second.member->value->at;
}

std::string MappingReader::path(std::string_view name) const {
  const auto word = spelling(name);
  return member_path(word.empty() ? name : std::string_view(word));
}

std::optional<MappingReader> MappingReader::section(std::string_view name) const {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  auto where = path(name);
  if (value->kind == Node::Kind::Sequence) {
    if (value->items.size() != 1) {
      problems_->error(value->items.empty() ? value->at : value->items[1]->at, where,
                       fmt::format("expected exactly one, found {}", value->items.size()));
      return std::nullopt;
    }
    value = value->items[0].get();
    where += "[0]";
  }
  if (value->kind != Node::Kind::Mapping) {
    problems_->error(value->at, where,
                     fmt::format("expected keys with values, found {}", kind_name(value->kind)));
    return std::nullopt;
  }
  return MappingReader(*problems_, *section_->find(name)->members, *value, where);
}

}  // namespace trainyard::manifest
