#pragma once
// One object on its way into a file: its parts, in any order, and the proof that they are right.
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/hash.hpp"
#include "objectstore/landing.hpp"
#include "objectstore/object_store.hpp"
#include "objectstore/progress.hpp"
#include "objectstore/segment_check.hpp"

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
// `object` is as it was listed, `told` what head() says of it, if it was asked.
FetchPlan plan_fetch(const ObjectInfo& object, const std::optional<ObjectInfo>& told);
// Whether a plan needs what head() says.
bool asks_for_head(const ObjectInfo& object);

class ObjectFetch {
 public:
  ObjectFetch(const ObjectInfo& object, FetchPlan plan, Fd file);

  const ObjectInfo& object() const { return object_; }
  const FetchPlan& plan() const { return plan_; }
  Fd take_file() { return std::move(file_); }

  // Any part may be fetched by any thread, each once. True for the caller that fetched the last
  // one: it then calls verify(). Throws the store's error, or that of the disk.
  bool fetch_part(ObjectStore& store, std::size_t index, ProgressMeter& progress,
                  std::stop_token stop);

  enum class Verdict {
    Verified,
    Unverifiable,  // the store vouches for nothing but the length
    Damaged,  // other bytes than the store vouches for; start_again() and fetch all parts again
  };
  Verdict verify();
  void start_again();

 private:
  class PartHasher;
  void keep(std::size_t index, PartHasher& hasher, const ObjectInfo& info, std::uint64_t length);
  void take_promise(const ObjectInfo& info);
  void find_promise(ObjectStore& store, std::stop_token stop);
  Verdict verify_checksum() const;
  Verdict verify_segments() const;
  void hash_arrived(std::size_t index);
  void read_back(std::uint64_t begin, std::uint64_t end, const Sink& use) const;

  const ObjectInfo& object_;
  FetchPlan plan_;
  Fd file_;
  SegmentCheck segments_;
  std::atomic<std::size_t> missing_;
  std::mutex mutex_;                          // of what follows
  std::string md5_;                           // that the store vouches for
  std::vector<PartChecksum> part_checksums_;  // by part, when the plan has a checksum
  std::vector<std::string> part_digests_;     // by part, when the ETag's parts are ours
  std::string whole_;                         // ETag of the bytes, when they came in one part
  std::vector<bool> arrived_;
  std::size_t hashed_ = 0;  // so many parts from the front are in hasher_
  bool hashing_ = false;
  std::condition_variable hashing_ended_;
  Hasher hasher_{Digest::Md5};
};

}  // namespace trainyard::objectstore
