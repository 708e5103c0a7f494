#include "objectstore/progress.hpp"

#include <utility>

namespace trainyard::objectstore {
namespace {

constexpr std::chrono::milliseconds kInterval{500};
constexpr std::chrono::seconds kWindow{5};  // of the rate
// Who waits for the disk longer than a third of the time is limited by it.
constexpr double kDiskShare = 1.0 / 3;

}  // namespace

ProgressMeter::ProgressMeter(Report report)
    : report_(std::move(report)), samples_{{Steady::now(), 0}} {
  if (report_) thread_ = std::jthread([this](std::stop_token stop) { run(std::move(stop)); });
}

ProgressMeter::~ProgressMeter() = default;

void ProgressMeter::add_total(std::uint64_t files, std::uint64_t bytes) {
  files_total_ += files;
  bytes_total_ += bytes;
}

void ProgressMeter::add_network(std::uint64_t bytes, Steady::duration on_disk) {
  network_bytes_ += bytes;
  disk_ns_ += on_disk.count();
}

void ProgressMeter::add_cached_file(std::uint64_t bytes) {
  cached_bytes_ += bytes;
  ++files_done_;
}

ProgressMeter::Busy::Busy(ProgressMeter& meter) : meter_(meter) {
  auto busy = meter_.busy_.lock();
  ++busy->under_way;
  busy->begins += begin_ - meter_.begin_;
}

ProgressMeter::Busy::~Busy() {
  auto busy = meter_.busy_.lock();
  --busy->under_way;
  busy->begins -= begin_ - meter_.begin_;
  busy->of_ended += Steady::now() - begin_;
}

double ProgressMeter::busy_seconds() {
  auto busy = busy_.lock();
  const auto now = Steady::now() - begin_;
  return std::chrono::duration<double>(busy->of_ended + now * busy->under_way - busy->begins)
      .count();
}

double ProgressMeter::rate() {
  const Sample now{Steady::now(), network_bytes_};
  const Sample& then = samples_.front();
  const double seconds = std::chrono::duration<double>(now.at - then.at).count();
  const double bytes = now.bytes > then.bytes ? double(now.bytes - then.bytes) : 0.0;
  const double rate = seconds > 0.01 ? bytes / seconds : 0.0;
  samples_.push_back(now);
  while (samples_.size() > 2 && now.at - samples_.front().at > kWindow) samples_.pop_front();
  return rate;
}

TransferProgress ProgressMeter::snapshot() {
  std::scoped_lock guard(mutex_);
  TransferProgress p;
  p.files_done = files_done_;
  p.files_total = files_total_;
  p.bytes_total = bytes_total_;
  p.bytes_from_cache = cached_bytes_;
  p.bytes_done = cached_bytes_ + network_bytes_;
  p.listed = listed_;
  p.bytes_per_second = rate();
  if (p.listed && p.bytes_per_second > 0 && p.bytes_total >= p.bytes_done) {
    p.remaining = Milliseconds(static_cast<std::int64_t>(double(p.bytes_total - p.bytes_done) /
                                                         p.bytes_per_second * 1000));
  }
  const double busy = busy_seconds();
  const double disk = std::chrono::duration<double>(std::chrono::nanoseconds(disk_ns_)).count();
  if (busy > 0) p.limited_by = disk / busy > kDiskShare ? "disk" : "network";
  return p;
}

void ProgressMeter::run(std::stop_token stop) {
  std::mutex sleep;
  std::condition_variable_any never;
  std::unique_lock lock(sleep);
  while (!never.wait_for(lock, stop, kInterval, [] { return false; })) {
    if (stop.stop_requested()) return;
    report_(snapshot());
  }
}

void ProgressMeter::finish() {
  if (!report_) return;
  thread_.request_stop();
  thread_.join();
  report_(snapshot());
}

}  // namespace trainyard::objectstore
