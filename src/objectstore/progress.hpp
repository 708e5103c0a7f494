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

#include "base/sync.hpp"
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
  // While it lives, a connection is in use; its share of the disk is in that time.
  class Busy {
   public:
    explicit Busy(ProgressMeter& meter);
    ~Busy();
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

   private:
    ProgressMeter& meter_;
    const Steady::time_point begin_ = Steady::now();
  };
  // The last report. Call once, at the end.
  void finish();

  TransferProgress snapshot();
  std::uint64_t transferred_bytes() const { return network_bytes_; }

 private:
  struct Sample {
    Steady::time_point at;
    std::uint64_t bytes;
  };
  struct BusyTime {
    Steady::duration of_ended{};
    Steady::duration begins{};  // of those under way, since the meter's own
    int under_way = 0;
  };
  void run(std::stop_token stop);
  double rate();
  double busy_seconds();

  Report report_;
  std::atomic<std::uint64_t> files_total_{0}, bytes_total_{0}, files_done_{0};
  std::atomic<std::uint64_t> network_bytes_{0}, cached_bytes_{0};
  std::atomic<std::int64_t> disk_ns_{0};
  const Steady::time_point begin_ = Steady::now();
  Sync<BusyTime> busy_;
  std::atomic<bool> listed_{false};
  std::mutex mutex_;  // of samples_ and of the reports
  std::deque<Sample> samples_;
  std::jthread thread_;
};

}  // namespace trainyard::objectstore
