#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard {

std::vector<std::string> split(std::string_view text, char separator);  // keeps empty parts
std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);           // ASCII
bool iequals(std::string_view a, std::string_view b);  // ASCII
std::string join(const std::vector<std::string>& parts, std::string_view separator);

// RFC 3986: everything but A-Za-z0-9-._~ becomes %XX (upper case); '/' too unless `keep_slash`.
enum class Slash { Encode, Keep };
std::string percent_encode(std::string_view text, Slash slash = Slash::Encode);
// nullopt on a broken escape. '+' is left alone unless plus_is_space.
enum class Plus { Literal, Space };
std::optional<std::string> percent_decode(std::string_view text, Plus plus = Plus::Literal);

// A decimal number that uses all of `text`; nullopt otherwise or when it does not fit.
std::optional<std::uint64_t> parse_u64(std::string_view text);
std::optional<std::int64_t> parse_i64(std::string_view text);
// "512", "64k", "10 MiB", "2GB" (k,M,G,T = 1024-based when followed by i or alone, 1000 with B).
std::optional<std::uint64_t> parse_bytes(std::string_view text);
std::string format_bytes(std::uint64_t bytes);  // "1.5 GiB", "17 B"

// Damerau-Levenshtein distance, and the candidate nearest to `word` (case-insensitively) when it
// is near enough to be meant (at most a third of the longer length, at least 1).
std::size_t edit_distance(std::string_view a, std::string_view b);
std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates);

bool valid_utf8(std::string_view text);
// For logs and errors: control characters (U+202E too), invalid UTF-8: \xNN; at most `limit` bytes.
std::string printable(std::string_view text, std::size_t limit = 200);
// Single-quotes for a POSIX shell.
std::string shell_quote(std::string_view text);

}  // namespace trainyard
