#include "objectstore/reservations.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <span>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "objectstore/file_ops.hpp"

namespace trainyard::objectstore {
namespace {

constexpr const char* kLock = "lock";
constexpr const char* kEver = "ever";

std::uint64_t device_of(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) throw_errno("look at " + path.string());
  return status.st_dev;
}

template <typename T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

// Nothing, or what a process that died while it wrote left, is zero.
template <typename T>
T read_value(const fs::path& path) {
  T value{};
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return value;
  const bool whole = read_some(file, std::as_writable_bytes(std::span(&value, 1))) == sizeof(value);
  return whole ? value : T{};
}

fs::path made(fs::path directory) {
  make_directory(directory, 0700);
  return directory;
}

}  // namespace

Reservations::Reservations(fs::path directory, const fs::path& disk)
    : directory_(made(std::move(directory))),
      path_(directory_ / random_hex(8)),
      record_{{}, device_of(disk)},
      lease_(Lease::take(path_)),
      file_(open_file(path_, O_WRONLY)) {}

Reservations::~Reservations() {
  try {
    lease_.remove_file();
  } catch (const std::exception& error) {
    log::warn("left behind until somebody counts: {}", error.what());
  }
}

Lease Reservations::lock() const { return Lease::take(directory_ / kLock); }

Pending Reservations::pending() const {
  Pending all;
  for (const fs::path& file : entries(directory_)) {
    if (file.filename() == kLock || file.filename() == kEver) continue;
    if (auto dead = Lease::try_take(file, Lease::Mode::Exclusive)) {
      dead->remove_file();
      continue;
    }
    const Record record = read_value<Record>(file);
    all.cached += record.pending.cached;
    if (record.device == record_.device) all.disk = all.disk + record.pending.disk;
  }
  return all;
}

Pending Reservations::own() {
  std::scoped_lock guard(mutex_);
  return record_.pending;
}

std::uint64_t Reservations::ever_cached() const {
  return read_value<std::uint64_t>(directory_ / kEver);
}

void Reservations::add(const Pending& more) {
  if (more.cached != 0) {
    const std::uint64_t ever = ever_cached() + more.cached;
    pwrite_all(open_file(directory_ / kEver, O_WRONLY | O_CREAT), bytes_of(ever), 0);
  }
  std::scoped_lock guard(mutex_);
  record_.pending.cached += more.cached;
  record_.pending.disk = record_.pending.disk + more.disk;
  write();
}

void Reservations::take_off(const Pending& done) {
  std::scoped_lock guard(mutex_);
  Pending& mine = record_.pending;
  mine.cached -= std::min(mine.cached, done.cached);
  mine.disk = mine.disk - done.disk;
  write();
}

void Reservations::write() { pwrite_all(file_, bytes_of(record_), 0); }

}  // namespace trainyard::objectstore
