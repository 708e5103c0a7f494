#pragma once
// One object on its way into a file: its parts, in any order, and the proof that they are right.
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/md5_lanes.hpp"
#include "objectstore/landing.hpp"
#include "objectstore/object_store.hpp"
#include "objectstore/progress.hpp"

namespace trainyard::objectstore {

// The parts that an object is fetched in.
struct FetchPlan {
  std::uint64_t part_size = 0;  // of a request; at least 1
  std::size_t parts = 1;
  // The object's ETag is over parts of this size. 0: it is no such ETag, or the size is unknown.
  std::uint64_t etag_part_size = 0;
  bool etag_part_size_is_guess = false;
  // The store has this checksum of the whole. Its value is empty where the answer with the bytes
  // is to bring it.
  std::optional<Checksum> checksum = {};
  std::vector<ObjectSegment> segments = {};  // that the object is known to be made of
};
// Whether there are objects enough to keep every connection busy: one that is hashed in order,
// front to back, then comes in one request and is hashed beside them.
enum class OthersWait { No, Yes };
// `object` is as it was listed, `told` what head() says of it, if it was asked. An object without
// an ETag comes in one request.
FetchPlan plan_fetch(const ObjectInfo& object, const std::optional<ObjectInfo>& told,
                     OthersWait others = OthersWait::No);
// Whether a plan needs what head() says.
bool asks_for_head(const ObjectInfo& object);

// Thread-safe where nothing else is said.
class ObjectFetch : public std::enable_shared_from_this<ObjectFetch> {
 public:
  // All parts are here and what proves them is made; the thread that did the last of it calls.
  using Complete = std::function<void(const std::shared_ptr<ObjectFetch>&)>;
  using Messages = std::vector<std::shared_ptr<Md5Message>>;

  // Whatever is asked of it ends with Canceled when `stop` asks for that.
  ObjectFetch(ObjectInfo object, FetchPlan plan, Fd file, std::stop_token stop, Complete complete);
  ~ObjectFetch();

  const ObjectInfo& object() const { return object_; }
  const FetchPlan& plan() const { return plan_; }
  Fd take_file() { return std::move(file_); }

  // Any part may be fetched by any thread, each once. Gives what is to be hashed now: the caller
  // passes it to md5_all(), soon or later. Throws the store's error, or that of the disk.
  Messages fetch_part(ObjectStore& store, std::size_t index, ProgressMeter& progress);
  // Messages are longer than parts, and take them in order: hashing is better not put off.
  bool hashes_in_order() const {
    return plan_.parts > 1 && !plan_.checksum && plan_.etag_part_size == 0;
  }

  // When it is complete:
  enum class Verdict {
    Verified,
    Unverifiable,  // the store vouches for nothing but the length
    Damaged,  // other bytes than the store vouches for; start_again() and fetch all parts again
  };
  Verdict verify();
  void start_again();
  unsigned attempts() const { return attempts_; }

 private:
  class Message;
  void make_messages();
  void keep(std::size_t index, std::optional<ChecksumState>& checksum, const ObjectInfo& info,
            std::uint64_t length);
  void take_promise(const ObjectInfo& info);
  void find_promise(ObjectStore& store);
  Messages arrived(std::size_t index);
  bool nothing_to_compare();
  std::uint64_t here_until(const Message& message) const;
  std::size_t read_on(Message& message, char* into);
  void hashed(Message& message, std::string digest);
  void one_is_done();
  Verdict verify_checksum() const;
  Verdict verify_segments() const;

  const ObjectInfo object_;
  FetchPlan plan_;
  Fd file_;
  const std::stop_token stop_;
  const Complete complete_;
  unsigned attempts_ = 1;
  std::mutex writing_;                              // in file_: see WriteBuffer
  std::atomic<std::size_t> missing_{0};             // parts, and messages that are not hashed
  std::mutex mutex_;                                // of what follows
  std::string md5_;                                 // that the store vouches for
  std::vector<PartChecksum> part_checksums_;        // by part, when the plan has a checksum
  std::vector<bool> arrived_;                       // by part
  std::vector<std::unique_ptr<Message>> messages_;  // whose MD5s prove the bytes, in order
};

}  // namespace trainyard::objectstore
