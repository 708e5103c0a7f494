#include "objectstore/cache_readers.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <span>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "base/ids.hpp"
#include "objectstore/file_ops.hpp"
#include "objectstore/lease.hpp"

namespace trainyard::objectstore {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr off_t kMostBytes = 64 * 1024;  // of one tree's readers: a thousand

std::string read_if_there(const fs::path& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return {};
  std::string bytes(2 * kMostBytes, '\0');
  bytes.resize(read_some(file, std::as_writable_bytes(std::span(bytes))));
  return bytes;
}

// A process that died while it wrote left fewer bytes.
std::string key_of(const CacheLayout& layout) {
  std::string key = read_if_there(layout.key());
  if (key.size() == kKeyBytes) return key;
  const Fd file = Lease::take(layout.key()).take_file();
  key = read_if_there(layout.key());
  if (key.size() == kKeyBytes) return key;
  key = random_bytes(kKeyBytes);
  if (::ftruncate(file.get(), 0) != 0) throw_errno("empty " + layout.key().string());
  write_all(file, key);
  return key;
}

}  // namespace

CacheReaders::CacheReaders(const CacheLayout& layout, const Secret& credentials)
    : layout_(layout), line_(to_hex(hmac_sha256(key_of(layout), credentials.reveal())) + "\n") {
  make_directory(layout_.readers(), 0700);
}

bool CacheReaders::may_read(const std::string& tree) const {
  return read_if_there(layout_.reader(tree)).find(line_) != std::string::npos;
}

void CacheReaders::remember(const std::string& tree) const {
  if (may_read(tree)) return;
  const fs::path path = layout_.reader(tree);
  const Fd file = open_file(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  // Keys that live for an hour each must not fill it.
  if (::lseek(file.get(), 0, SEEK_END) >= kMostBytes && ::ftruncate(file.get(), 0) != 0) {
    throw_errno("empty " + path.string());
  }
  write_all(file, line_);
}

}  // namespace trainyard::objectstore
