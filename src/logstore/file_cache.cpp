#include "logstore/file_cache.hpp"

#include <fcntl.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/files.hpp"

namespace trainyard::logstore {

std::shared_ptr<const Fd> FileCache::open(const fs::path& path) {
  if (auto file = find(path)) return file;
  try {
    return keep(path, open_file(path, O_RDWR));
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::NotFound) return nullptr;
    throw;
  }
}

std::shared_ptr<const Fd> FileCache::open_or_create(const fs::path& path) {
  if (auto file = find(path)) return file;
  make_private_dir(path.parent_path());
  return keep(path, open_file(path, O_RDWR | O_CREAT, 0600));
}

void FileCache::drop_below(const fs::path& directory) {
  entries_.remove_if([&](const Entry& entry) { return entry.path.parent_path() == directory; });
}

std::shared_ptr<const Fd> FileCache::find(const fs::path& path) {
  const auto found = std::ranges::find(entries_, path, &Entry::path);
  if (found == entries_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found);
  return found->file;
}

std::shared_ptr<const Fd> FileCache::keep(const fs::path& path, Fd file) {
  entries_.push_front({path, std::make_shared<const Fd>(std::move(file))});
  if (entries_.size() > most_) entries_.pop_back();
  return entries_.front().file;
}

}  // namespace trainyard::logstore
