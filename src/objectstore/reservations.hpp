#pragma once
// What the processes of a machine are about to write, so that together they keep to the limit of a
// cache and leave free what is to stay free on a disk. Each has a file with its numbers, locked as
// long as it lives: what a dead one left counts for nothing, and goes with the next count.
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <mutex>

#include "objectstore/disk_space.hpp"
#include "objectstore/lease.hpp"

namespace trainyard::objectstore {

struct Pending {
  std::uint64_t cached = 0;  // disk_bytes() of what is to become objects of the cache
  DiskSpace disk = {};       // of what is to be written to one disk
};

class Reservations {
 public:
  // `directory` is shared by all, and made when it is missing; `disk` holds what this one writes.
  Reservations(std::filesystem::path directory, const std::filesystem::path& disk);
  ~Reservations();  // gives back what is pending
  Reservations(const Reservations&) = delete;

  // Waits until nobody else holds it. Who counts and reserves holds it for both.
  Lease lock() const;
  // Of all that live: `disk` only of those that write to the same one.
  Pending pending() const;
  Pending own();
  // All that was ever reserved in the cache, by anybody: it only grows.
  std::uint64_t ever_cached() const;
  void add(const Pending& more);

  // Done, or not needed any more. Any thread, without the lock.
  void take_off(const Pending& done);

 private:
  struct Record {
    Pending pending;
    std::uint64_t device = 0;
  };
  void write();  // with mutex_

  std::filesystem::path directory_;
  std::filesystem::path path_;
  std::mutex mutex_;  // of record_
  Record record_;
  Lease lease_;
  Fd file_;
};

}  // namespace trainyard::objectstore
