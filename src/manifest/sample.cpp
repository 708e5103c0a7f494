#include "manifest/sample.hpp"

#include <fmt/format.h>

#include "base/strings.hpp"
#include "manifest/keys.hpp"
#include "manifest/schema.hpp"

namespace trainyard::manifest {
namespace {

constexpr std::size_t kCommentWidth = 78;

void write_comment(std::string_view doc, const std::string& indent, std::string& text) {
  std::string line = indent + "#";
  for (const auto& word : split(doc, ' ')) {
    if (line.size() + 1 + word.size() > kCommentWidth) {
      text += line + "\n";
      line = indent + "#";
    }
    line += " " + word;
  }
  text += line + "\n";
}

}  // namespace

void write_sample_keys(const Section& section, const std::string& indent, std::string& text) {
  for (const auto& key : section.keys) {
    if (key.sample.empty()) continue;
    write_comment(key.doc, indent, text);
    if (key.members != nullptr && key.sample == "{}") {
      text += fmt::format("{}{}:\n", indent, key.name);
      write_sample_keys(*key.members, indent + "  ", text);
    } else if (key.members != nullptr && key.sample == "[]") {
      text += fmt::format("{0}{1}:\n{0}  -\n", indent, key.name);
      write_sample_keys(*key.members, indent + "    ", text);
    } else {
      text += fmt::format("{}{}: {}\n", indent, key.name, key.sample);
    }
  }
}

std::string sample_manifest() {
  std::string text =
      "# Describes a training run: bx ml train MODEL.zip training-runs.yml\n"
      "# Put your own values in place of those in angle brackets;\n"
      "# `trainyard validate training-runs.yml` says what is left to do.\n";
  write_sample_keys(run_manifest(), "", text);
  return text;
}

}  // namespace trainyard::manifest
