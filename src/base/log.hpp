#pragma once
// The service's own log (never a run's log, never a command's output). One line per event on
// standard error: time, level, message. Never pass a Secret's value.
#include <fmt/core.h>

#include <string_view>
#include <utility>

namespace trainyard::log {

enum class Level { Debug, Info, Warn, Error };
void set_level(Level level);
bool enabled(Level level);
void write(Level level, std::string_view message);  // thread-safe

template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::Debug)) write(Level::Debug, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::Info)) write(Level::Info, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::Warn)) write(Level::Warn, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::Error)) write(Level::Error, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace trainyard::log
