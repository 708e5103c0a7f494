#include "objectstore/segment_check.hpp"

#include <algorithm>
#include <utility>

#include "base/hash.hpp"

namespace trainyard::objectstore {

SegmentCheck::SegmentCheck(std::vector<ObjectSegment> segments) : segments_(std::move(segments)) {
  start_again();
}

void SegmentCheck::start_again() {
  std::scoped_lock guard(mutex_);
  damaged_ = false;
  parts_.clear();
  std::uint64_t begin = 0;
  for (const ObjectSegment& segment : segments_) {
    parts_.push_back({begin, segment.size});
    begin += segment.size;
  }
}

std::vector<std::size_t> SegmentCheck::take_complete(std::uint64_t begin, std::uint64_t end) {
  std::scoped_lock guard(mutex_);
  const auto after =
      std::upper_bound(parts_.begin(), parts_.end(), begin,
                       [](std::uint64_t at, const Part& part) { return at < part.begin; });
  std::vector<std::size_t> complete;
  for (auto i = std::size_t(std::max<std::ptrdiff_t>(after - parts_.begin() - 1, 0));
       i < parts_.size() && parts_[i].begin < end; ++i) {
    const std::uint64_t from = std::max(begin, parts_[i].begin);
    const std::uint64_t to = std::min(end, parts_[i].begin + size_of(i));
    if (from >= to) continue;
    parts_[i].missing -= to - from;
    if (parts_[i].missing == 0 && !segments_[i].md5.empty()) complete.push_back(i);
  }
  return complete;
}

void SegmentCheck::arrived(std::uint64_t begin, std::uint64_t end, const Read& read) {
  for (const std::size_t i : take_complete(begin, end)) {
    const std::uint64_t at = parts_[i].begin;
    Hasher md5(Digest::Md5);
    read(at, at + size_of(i), [&](std::string_view bytes) { md5.update(bytes); });
    if (to_hex(md5.finish()) == segments_[i].md5) continue;
    std::scoped_lock guard(mutex_);
    damaged_ = true;
  }
}

bool SegmentCheck::damaged() const {
  std::scoped_lock guard(mutex_);
  return damaged_;
}

bool SegmentCheck::proves_all() const {
  return std::none_of(segments_.begin(), segments_.end(), [](const ObjectSegment& segment) {
    return segment.md5.empty() && segment.size != 0;
  });
}

}  // namespace trainyard::objectstore
