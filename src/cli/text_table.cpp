#include "cli/text_table.hpp"

#include <algorithm>
#include <limits>

#include "base/display_width.hpp"
#include "base/strings.hpp"

namespace trainyard::cli {
namespace {

constexpr std::size_t kGap = 3;

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
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], display_width(row[i]));
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] + kGap - display_width(row[i]), ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace trainyard::cli
