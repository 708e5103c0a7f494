#pragma once
// Counts what a transfer has done, and reports it from a thread of its own. Thread-safe.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

#include "objectstore/transfer.hpp"

namespace trainyard::objectstore {

class ProgressMeter {
 public:
  using Report = std::function<void(const TransferProgress&)>;
  using Steady = std::chrono::steady_clock;

  explicit ProgressMeter(Report report);  // may be empty
  ~ProgressMeter();                       // reports no more

  void add_total(std::uint64_t files, std::uint64_t bytes);
  void listing_complete() { listed_ = true; }
  void add_network(std::uint64_t bytes, Steady::duration on_disk);
  void add_disk(Steady::duration time) { disk_ns_ += time.count(); }
  void add_cached_file(std::uint64_t bytes);
  void file_done() { ++files_done_; }
  // Of a file that must be transferred again.
  void take_back(std::uint64_t bytes) { network_bytes_ -= bytes; }
  // Time that a connection was in use, with its share of the disk in it.
  void add_busy(Steady::duration time) { busy_ns_ += time.count(); }
  // The last report. Call once, at the end.
  void finish();

  TransferProgress snapshot();
  std::uint64_t transferred_bytes() const { return network_bytes_; }

 private:
  struct Sample {
    Steady::time_point at;
    std::uint64_t bytes;
  };
  void run(std::stop_token stop);
  double rate();

  Report report_;
  std::atomic<std::uint64_t> files_total_{0}, bytes_total_{0}, files_done_{0};
  std::atomic<std::uint64_t> network_bytes_{0}, cached_bytes_{0};
  std::atomic<std::int64_t> disk_ns_{0}, busy_ns_{0};
  std::atomic<bool> listed_{false};
  std::mutex mutex_;  // of samples_ and of the reports
  std::deque<Sample> samples_;
  std::jthread thread_;
};

}  // namespace trainyard::objectstore
