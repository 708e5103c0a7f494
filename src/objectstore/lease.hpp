#pragma once
// A lock file that many may hold shared or one exclusively, over process borders. The kernel frees
// it with its process; it is not inherited by programs that the process starts.
#include <filesystem>
#include <optional>
#include <utility>

#include "base/clock.hpp"
#include "base/fd.hpp"

namespace trainyard::objectstore {

class Lease {
 public:
  enum class Mode { Shared, Exclusive };
  // Creates the file when it is missing. nullopt: held by another against this mode.
  static std::optional<Lease> try_take(const std::filesystem::path& file, Mode mode);
  // Exclusively; waits for those who hold it.
  static Lease take(const std::filesystem::path& file);

  // Takes the file away, so that it does not remain as litter: whoever waits for it makes a new
  // one. Only while held exclusively.
  void remove_file();
  // Marks it as used now; last_use() reads the mark.
  void touch();
  static TimePoint last_use(const std::filesystem::path& file);  // the epoch when it is missing
  // The locked file itself; the lock goes with it.
  Fd take_file() { return std::move(file_); }

 private:
  Lease(std::filesystem::path path, Fd file) : path_(std::move(path)), file_(std::move(file)) {}
  std::filesystem::path path_;
  Fd file_;
};

}  // namespace trainyard::objectstore
