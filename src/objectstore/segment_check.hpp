#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "objectstore/object_store.hpp"

namespace trainyard::objectstore {

// Whether the segments of an object, which arrive in any order and in pieces that know nothing of
// their borders, are those that the store names. Thread-safe.
class SegmentCheck {
 public:
  // Gives the bytes from `begin` up to `end` to the sink.
  using Read = std::function<void(std::uint64_t begin, std::uint64_t end, const Sink& sink)>;

  explicit SegmentCheck(std::vector<ObjectSegment> segments);

  // The bytes from `begin` up to `end` are here now, each told once: reads and hashes the segments
  // that are complete with them.
  void arrived(std::uint64_t begin, std::uint64_t end, const Read& read);
  bool damaged() const;     // one of them has other bytes
  bool proves_all() const;  // each has an MD5
  void start_again();

 private:
  struct Part {
    std::uint64_t begin;
    std::uint64_t missing;  // bytes
  };
  std::uint64_t size_of(std::size_t index) const { return segments_[index].size; }
  std::vector<std::size_t> take_complete(std::uint64_t begin, std::uint64_t end);

  const std::vector<ObjectSegment> segments_;
  mutable std::mutex mutex_;  // of what follows
  std::vector<Part> parts_;   // by segment
  bool damaged_ = false;
};

}  // namespace trainyard::objectstore
