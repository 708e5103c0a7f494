#include "cli/text_table.hpp"

#include <algorithm>
#include <limits>

#include "base/strings.hpp"

namespace trainyard::cli {
namespace {

constexpr std::size_t kGap = 3;

std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](unsigned char c) {
    return (c & 0xC0) != 0x80;  // not the continuation of a UTF-8 character
  }));
}

}  // namespace

std::string text_table(std::vector<Row> rows) {
  for (Row& row : rows) {
    for (std::string& cell : row) {
      std::replace(cell.begin(), cell.end(), '\n', ' ');
      cell = printable(cell, std::numeric_limits<std::size_t>::max());
    }
  }
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] + kGap - width_of(row[i]), ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace trainyard::cli
