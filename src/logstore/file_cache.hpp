#pragma once
// Keeps the files that were used last open. Not thread-safe.
#include <filesystem>
#include <list>
#include <memory>
#include <string>
#include <utility>

#include "base/fd.hpp"

namespace trainyard::logstore {

class FileCache {
 public:
  explicit FileCache(std::size_t most) : most_(most) {}

  // The open file, or null when there is none. Whoever holds it may go on after it left the cache.
  std::shared_ptr<const Fd> open(const std::filesystem::path& path);
  // Makes the file, of mode 0600, when it is not there.
  std::shared_ptr<const Fd> open_or_create(const std::filesystem::path& path);
  void drop_below(const std::filesystem::path& directory);

 private:
  struct Entry {
    std::filesystem::path path;
    std::shared_ptr<const Fd> file;
  };
  std::shared_ptr<const Fd> find(const std::filesystem::path& path);
  std::shared_ptr<const Fd> keep(const std::filesystem::path& path, Fd file);

  std::size_t most_;
  std::list<Entry> entries_;  // the last used first; few, so that they are searched one by one
};

}  // namespace trainyard::logstore
