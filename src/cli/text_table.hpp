#pragma once
// Columns sized to their content, three blanks between, left-aligned (T18, T20).
#include <string>
#include <vector>

namespace trainyard::cli {

using Row = std::vector<std::string>;
// One line a row; no blanks at the end of a line. Widths are those of a terminal: see
// display_width. What a cell holds is shown, never obeyed by a terminal: line ends become blanks,
// other control characters \xNN.
std::string text_table(std::vector<Row> rows);

}  // namespace trainyard::cli
