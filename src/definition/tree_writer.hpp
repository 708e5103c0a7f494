#pragma once
// Writes files below a directory that was empty at the start, and cannot be led out of it: every
// part of a path is opened without following links. Modes: 0755 for folders and executables, 0644.
#include <filesystem>
#include <string>
#include <string_view>

#include "base/fd.hpp"

namespace trainyard::definition {

class TreeWriter {
 public:
  explicit TreeWriter(const std::filesystem::path& directory);
  // Paths are relative and clean; missing parents are made. All throw Error.
  void directory(const std::string& path);
  void link(const std::string& path, const std::string& target);
  void begin_file(const std::string& path, bool executable);
  void write(std::string_view bytes);
  void end_file();

 private:
  Fd open_parent(const std::string& path, std::string& name) const;

  Fd root_;
  Fd file_;
};

}  // namespace trainyard::definition
