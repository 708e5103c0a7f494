#pragma once
// Fetches objects on many connections, each verified, into a landing.
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string_view>
#include <thread>
#include <vector>

#include "objectstore/landing.hpp"
#include "objectstore/object_fetch.hpp"
#include "objectstore/object_store.hpp"
#include "objectstore/progress.hpp"
#include "objectstore/transfer_log.hpp"

namespace trainyard::objectstore {

// Connections that the memory budget allows, at most `options.connections` and at least one.
unsigned affordable_connections(const TransferOptions& options);

struct FetchTotals {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t unverified = 0;  // the store vouched for their length only
};
void log_totals(const TransferLog& log, const FetchTotals& totals, std::string_view limited_by,
                std::chrono::steady_clock::time_point begin);

class Fetcher {
 public:
  // Threads start with the first object. `store`, `landing`, `progress` must outlive it.
  Fetcher(ObjectStore& store, Landing& landing, ProgressMeter& progress, unsigned connections,
          std::stop_token stop);
  ~Fetcher();  // gives up what is not done

  // `object` must outlive the fetcher. Any thread; never blocks for long.
  void add(const ListedObject& object);
  // Waits until every object has landed. Throws the first error, which ended the rest. May go
  // on with more objects after a success.
  FetchTotals finish();
  // The first error, as soon as there is one: for whoever still adds.
  void rethrow_error();

 private:
  struct Part {
    std::shared_ptr<ObjectFetch> fetch;
    std::size_t index = 0;
  };
  struct Unhashed {
    std::shared_ptr<Md5Message> message;
    bool in_order = false;
  };

  void work();
  void run(std::string_view key, const std::function<void()>& act);
  bool nothing_to_fetch() const { return parts_.empty() && objects_.empty(); }
  void start_threads();
  void claim(const ListedObject& listed);
  void fetch_part(const Part& part);
  bool should_hash() const;
  void hash();
  static void hash_now(ObjectFetch::Messages messages);
  std::shared_ptr<Md5Message> next_unhashed();
  void finish_object(const ListedObject& listed, const std::shared_ptr<ObjectFetch>& fetch);
  std::optional<ObjectInfo> ask_head(const ObjectInfo& object);
  OthersWait others_wait();
  void push_parts(const std::shared_ptr<ObjectFetch>& fetch);
  void defer(const ListedObject& object);
  void fail(std::exception_ptr error);
  void give_up();

  ObjectStore& store_;
  Landing& landing_;
  ProgressMeter& progress_;
  const unsigned connections_;

  std::mutex mutex_;  // of all that follows
  std::condition_variable changed_;
  std::stop_source stop_;  // ours: the caller's, or an error
  std::stop_callback<std::function<void()>> forward_;
  std::deque<Part> parts_;                   // of objects that are claimed; before others
  std::deque<const ListedObject*> objects_;  // to be claimed
  std::deque<const ListedObject*> busy_;     // fetched by another process: asked for again when
                                             // nothing else is to do
  std::deque<Unhashed> unhashed_;            // fetched: better hashed many at once
  std::size_t in_order_ = 0;                 // of them
  unsigned running_ = 0;                     // threads with something in hand
  unsigned fetching_ = 0, hashing_ = 0;      // of them
  bool heads_tell_parts_ = true;
  std::exception_ptr error_;
  FetchTotals totals_;
  std::vector<std::jthread> threads_;  // last: they end before what they use
};

}  // namespace trainyard::objectstore
