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
constexpr std::uint64_t kSmall = 16 * 1024;
// Buffers of the HTTP client and for the file, the thread's stack in use, the hash.
constexpr std::uint64_t kBytesPerConnection = 2u << 20;

template <typename T>
T take_first(std::deque<T>& from) {
  T first = std::move(from.front());
  from.pop_front();
  return first;
}

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

void Fetcher::add(const ListedObject& object) {
  std::scoped_lock guard(mutex_);
  objects_.push_back(&object);
  start_threads();
  changed_.notify_one();
}

void Fetcher::start_threads() {
  const std::size_t useful = parts_.size() + objects_.size() + running_;
  while (threads_.size() < std::min<std::size_t>(connections_, useful)) {
    threads_.emplace_back([this] { work(); });
  }
}

FetchTotals Fetcher::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    const bool done = nothing_to_fetch() && busy_.empty() && unhashed_.empty();
    return running_ == 0 && (stop_.stop_requested() || done);
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
  const auto unlocked = [&](const auto& act) {
    lock.unlock();
    try {
      act();
    } catch (...) {
      fail(std::current_exception());
    }
    lock.lock();
  };
  while (true) {
    changed_.wait(lock, [&] {
      return stop_.stop_requested() || should_hash() || !nothing_to_fetch() || !busy_.empty();
    });
    if (stop_.stop_requested()) return;
    ++running_;
    if (should_hash()) {
      ++hashing_;
      unlocked([&] { hash(); });
      --hashing_;
    } else if (!parts_.empty()) {
      const Part part = take_first(parts_);
      ++fetching_;
      unlocked([&] { run(part.fetch->object().key, [&] { fetch_part(part); }); });
      --fetching_;
    } else if (!objects_.empty()) {
      const ListedObject* object = take_first(objects_);
      ++fetching_;
      unlocked([&] { run(object->key(), [&] { claim(*object); }); });
      --fetching_;
    } else {
      const ListedObject* object = take_first(busy_);
      unlocked([&] {
        std::this_thread::sleep_for(kBusyPause);
        run(object->key(), [&] { claim(*object); });
      });
    }
    --running_;
    if (running_ == 0) changed_.notify_all();
  }
}

// Sixteen take hardly longer than one. Those that hold the others up go at once, and so does
// everything when nothing else is to do.
bool Fetcher::should_hash() const {
  if (unhashed_.empty()) return false;
  const bool nothing_else = fetching_ == 0 && nothing_to_fetch();
  return unhashed_.size() >= kMd5Lanes || (hashing_ == 0 && in_order_ > 0) || nothing_else;
}

void Fetcher::hash() {
  const ProgressMeter::Busy busy(progress_);
  md5_all([&] { return next_unhashed(); });
}

// Its hash is nothing beside its request, and then it need not wait to be kept.
void Fetcher::hash_now(ObjectFetch::Messages messages) {
  md5_all([&]() -> std::shared_ptr<Md5Message> {
    if (messages.empty()) return nullptr;
    auto last = std::move(messages.back());
    messages.pop_back();
    return last;
  });
}

std::shared_ptr<Md5Message> Fetcher::next_unhashed() {
  std::scoped_lock guard(mutex_);
  if (unhashed_.empty()) return nullptr;
  Unhashed first = take_first(unhashed_);
  in_order_ -= first.in_order;
  return std::move(first.message);
}

void Fetcher::fail(std::exception_ptr error) {
  std::scoped_lock guard(mutex_);
  if (!error_ && !stop_.stop_requested()) error_ = std::move(error);
  stop_.request_stop();
  changed_.notify_all();
}

void Fetcher::run(std::string_view key, const std::function<void()>& act) {
  const ProgressMeter::Busy busy(progress_);
  with_context("fetch '" + printable(key) + "'", act);
}

void Fetcher::claim(const ListedObject& listed) {
  Landing::Claimed claimed = landing_.claim(listed);
  if (claimed.claim == Landing::Claim::Present) return progress_.add_cached_file(listed.size());
  if (claimed.claim == Landing::Claim::Busy) return defer(listed);
  const ObjectInfo object = listed.info();
  const FetchPlan plan = plan_fetch(object, ask_head(object), others_wait());
  const auto fetch = std::make_shared<ObjectFetch>(
      object, plan, std::move(claimed.file), stop_.get_token(),
      [this, &listed](const auto& complete) { finish_object(listed, complete); });
  if (object.size == 0) return finish_object(listed, fetch);
  if (plan.parts > 1) return push_parts(fetch);
  fetch_part({fetch, 0});
}

OthersWait Fetcher::others_wait() {
  std::scoped_lock guard(mutex_);
  return parts_.size() + objects_.size() >= connections_ ? OthersWait::Yes : OthersWait::No;
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

void Fetcher::push_parts(const std::shared_ptr<ObjectFetch>& fetch) {
  std::scoped_lock guard(mutex_);
  for (std::size_t part = fetch->plan().parts; part-- > 0;) parts_.push_front({fetch, part});
  start_threads();
  changed_.notify_all();
}

void Fetcher::defer(const ListedObject& object) {
  std::scoped_lock guard(mutex_);
  busy_.push_back(&object);
  changed_.notify_one();
}

void Fetcher::fetch_part(const Part& part) {
  ObjectFetch& fetch = *part.fetch;
  auto messages = fetch.fetch_part(store_, part.index, progress_);
  if (fetch.object().size <= kSmall) return hash_now(std::move(messages));
  std::scoped_lock guard(mutex_);
  for (auto& message : messages) {
    unhashed_.push_back({std::move(message), fetch.hashes_in_order()});
    in_order_ += fetch.hashes_in_order();
  }
}

void Fetcher::finish_object(const ListedObject& listed, const std::shared_ptr<ObjectFetch>& fetch) {
  const ObjectInfo& object = fetch->object();
  const auto verdict = object.size == 0 ? ObjectFetch::Verdict::Verified : fetch->verify();
  if (verdict == ObjectFetch::Verdict::Damaged) {
    if (fetch->attempts() == kAttempts) {
      throw Error(ErrorKind::Corrupt,
                  "its bytes are not those that the store promises (tried 3 times)");
    }
    progress_.take_back(object.size);
    fetch->start_again();
    return push_parts(fetch);
  }
  landing_.commit(listed, fetch->take_file());
  progress_.file_done();
  std::scoped_lock guard(mutex_);
  ++totals_.files;
  totals_.bytes += object.size;
  if (verdict == ObjectFetch::Verdict::Unverifiable) ++totals_.unverified;
}

}  // namespace trainyard::objectstore
