#include "objectstore/fetcher.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/strings.hpp"
#include "objectstore/etag.hpp"

namespace trainyard::objectstore {
namespace {

constexpr unsigned kAttempts = 3;  // at bytes that arrive damaged
constexpr std::chrono::milliseconds kBusyPause{20};
// Buffers of the HTTP client, the thread's stack in use, the hash.
constexpr std::uint64_t kBytesPerConnection = 1u << 20;

}  // namespace

unsigned affordable_connections(const TransferOptions& options) {
  const std::uint64_t affordable = options.memory_budget / kBytesPerConnection;
  return static_cast<unsigned>(
      std::clamp<std::uint64_t>(affordable, 1, std::max(1u, options.connections)));
}

void log_totals(const TransferLog& log, const FetchTotals& totals, std::string_view limited_by,
                std::chrono::steady_clock::time_point begin) {
  if (totals.files == 0) return;
  log.line("fetched {}, {}, in {} ({}{}), each verified", count_files(totals.files),
           format_bytes(totals.bytes), format_since(begin), format_rate(totals.bytes, begin),
           limited_by.empty() ? "" : fmt::format(", limited by the {}", limited_by));
  if (totals.unverified != 0) {
    log.line("of {} of them the store gives no checksum; their length was verified",
             count_files(totals.unverified));
  }
}

Fetcher::Fetcher(ObjectStore& store, Landing& landing, ProgressMeter& progress,
                 unsigned connections, std::stop_token stop)
    : store_(store),
      landing_(landing),
      progress_(progress),
      connections_(connections),
      forward_(std::move(stop), [this] { give_up(); }) {}

Fetcher::~Fetcher() { give_up(); }

void Fetcher::give_up() {
  std::scoped_lock guard(mutex_);
  stop_.request_stop();
  changed_.notify_all();
}

void Fetcher::add(const ObjectInfo& object) {
  std::scoped_lock guard(mutex_);
  tasks_.push_back({&object, nullptr, 0, 1});
  if (threads_.size() < connections_ && threads_.size() < tasks_.size() + running_) {
    threads_.emplace_back([this] { work(); });
  }
  changed_.notify_one();
}

FetchTotals Fetcher::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    return running_ == 0 && (stop_.stop_requested() || (tasks_.empty() && busy_.empty()));
  });
  if (error_) std::rethrow_exception(error_);
  if (stop_.stop_requested()) throw Error(ErrorKind::Canceled, "the transfer was stopped");
  return totals_;
}

void Fetcher::rethrow_error() {
  std::scoped_lock guard(mutex_);
  if (error_) std::rethrow_exception(error_);
  if (stop_.stop_requested()) throw Error(ErrorKind::Canceled, "the transfer was stopped");
}

void Fetcher::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock,
                  [&] { return stop_.stop_requested() || !tasks_.empty() || !busy_.empty(); });
    if (stop_.stop_requested()) return;
    std::deque<Task>& source = tasks_.empty() ? busy_ : tasks_;
    const bool ask_again = tasks_.empty();
    Task task = std::move(source.front());
    source.pop_front();
    ++running_;
    lock.unlock();
    if (ask_again) std::this_thread::sleep_for(kBusyPause);
    try {
      run(std::move(task));
    } catch (...) {
      fail(std::current_exception());
    }
    lock.lock();
    --running_;
    if (running_ == 0) changed_.notify_all();
  }
}

void Fetcher::fail(std::exception_ptr error) {
  std::scoped_lock guard(mutex_);
  if (!error_ && !stop_.stop_requested()) error_ = std::move(error);
  stop_.request_stop();
  changed_.notify_all();
}

void Fetcher::run(Task task) {
  const auto begin = ProgressMeter::Steady::now();
  with_context("fetch '" + printable(task.object->key) + "'", [&] {
    if (task.fetch) {
      fetch_part(std::move(task));
    } else {
      claim(std::move(task));
    }
  });
  progress_.add_busy(ProgressMeter::Steady::now() - begin);
}

void Fetcher::claim(Task task) {
  Landing::Claimed claimed = landing_.claim(*task.object);
  if (claimed.claim == Landing::Claim::Present) {
    progress_.add_cached_file(task.object->size);
    return;
  }
  if (claimed.claim == Landing::Claim::Busy) return defer(std::move(task));
  const FetchPlan plan = plan_fetch(*task.object, ask_head(*task.object));
  task.fetch = std::make_shared<ObjectFetch>(*task.object, plan, std::move(claimed.file));
  if (task.object->size == 0) return complete(std::move(task));
  if (plan.parts > 1) return push_parts(task);
  fetch_part(std::move(task));
}

std::optional<ObjectInfo> Fetcher::ask_head(const ObjectInfo& object) {
  if (!asks_for_head(object)) return std::nullopt;
  const bool surely_told = object.checksum || object.segmented;
  if (!surely_told) {
    std::scoped_lock guard(mutex_);
    if (!heads_tell_parts_) return std::nullopt;
  }
  auto info = store_.head(object.key, stop_.get_token());
  if (info && info->etag != object.etag) return std::nullopt;  // replaced: the fetch will say so
  if (!surely_told && (!info || (!info->checksum && info->part_size == 0))) {
    std::scoped_lock guard(mutex_);
    heads_tell_parts_ = false;
  }
  return info;
}

void Fetcher::push_parts(const Task& task) {
  std::scoped_lock guard(mutex_);
  for (std::size_t part = task.fetch->plan().parts; part-- > 0;) {
    tasks_.push_front({task.object, task.fetch, part, task.attempt});
  }
  while (threads_.size() < std::min<std::size_t>(connections_, tasks_.size() + running_)) {
    threads_.emplace_back([this] { work(); });
  }
  changed_.notify_all();
}

void Fetcher::defer(Task task) {
  std::scoped_lock guard(mutex_);
  busy_.push_back(std::move(task));
  changed_.notify_one();
}

void Fetcher::fetch_part(Task task) {
  if (task.fetch->fetch_part(store_, task.part, progress_, stop_.get_token())) {
    complete(std::move(task));
  }
}

void Fetcher::complete(Task task) {
  ObjectFetch& fetch = *task.fetch;
  const auto verdict = task.object->size == 0 ? ObjectFetch::Verdict::Verified : fetch.verify();
  if (verdict == ObjectFetch::Verdict::Damaged) {
    if (task.attempt == kAttempts) {
      throw Error(ErrorKind::Corrupt,
                  "its bytes are not those that the store promises (tried 3 times)");
    }
    progress_.take_back(task.object->size);
    fetch.start_again();
    ++task.attempt;
    return push_parts(task);
  }
  landing_.commit(*task.object, fetch.take_file());
  progress_.file_done();
  std::scoped_lock guard(mutex_);
  ++totals_.files;
  totals_.bytes += task.object->size;
  if (verdict == ObjectFetch::Verdict::Unverifiable) ++totals_.unverified;
}

}  // namespace trainyard::objectstore
