#include "gateway/xml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/strings.hpp"

namespace trainyard::gateway {
namespace {

bool needs_escape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '&' || c == '<' || c == '>' || c == '"';
}

std::string escape(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    default:
      return fmt::format("&#x{:x};", static_cast<unsigned char>(c));
  }
}

}  // namespace

XmlWriter::XmlWriter() : out_("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n") {}

void XmlWriter::open(std::string_view name) {
  out_.append("<").append(name).append(">");
  open_.emplace_back(name);
}

void XmlWriter::open(std::string_view name, std::string_view xmlns) {
  out_.append("<").append(name).append(" xmlns=\"").append(xmlns).append("\">");
  open_.emplace_back(name);
}

void XmlWriter::open_grantee(std::string_view xsi_type) {
  out_.append("<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"")
      .append(xsi_type)
      .append("\">");
  open_.emplace_back("Grantee");
}

void XmlWriter::close() {
  out_.append("</").append(open_.back()).append(">");
  open_.pop_back();
}

void XmlWriter::element(std::string_view name, std::string_view text) {
  out_.append("<").append(name).append(">");
  append_escaped(text);
  out_.append("</").append(name).append(">");
}

void XmlWriter::element(std::string_view name, std::uint64_t number) {
  element(name, std::to_string(number));
}

void XmlWriter::key(std::string_view name, std::string_view text, KeyEncoding encoding) {
  if (encoding == KeyEncoding::Url) return element(name, percent_encode(text, Slash::Keep));
  element(name, text);
}

std::string XmlWriter::take() { return std::move(out_); }

void XmlWriter::append_escaped(std::string_view text) {
  for (;;) {
    const auto special = std::find_if(text.begin(), text.end(), needs_escape);
    out_.append(text.begin(), special);
    if (special == text.end()) return;
    out_ += escape(*special);
    text.remove_prefix(static_cast<std::size_t>(special - text.begin()) + 1);
  }
}

}  // namespace trainyard::gateway
