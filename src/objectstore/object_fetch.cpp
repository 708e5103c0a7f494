#include "objectstore/object_fetch.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/error.hpp"
#include "base/strings.hpp"
#include "objectstore/etag.hpp"

namespace trainyard::objectstore {
namespace {

constexpr std::uint64_t kPart = 16u << 20;
constexpr std::uint64_t kWhole = 2 * kPart;  // objects up to this size are one request
constexpr std::size_t kReadBack = 256 * 1024;

// Bytes on their way into a file. They come in pieces of 16 KiB; writes that small cost more in the
// kernel than the copy that makes them large.
class WriteBuffer {
 public:
  WriteBuffer(const Fd& file, std::uint64_t offset, std::uint64_t length, ProgressMeter& progress)
      : file_(file), at_(offset), progress_(progress) {
    bytes_.reserve(std::min(length, kWriteAtOnce));
  }
  void add(std::string_view bytes) {
    if (bytes_.size() + bytes.size() > bytes_.capacity()) flush();
    if (bytes.size() >= bytes_.capacity()) return write(bytes);
    bytes_.append(bytes);
  }
  void flush() {
    if (!bytes_.empty()) write(bytes_);
    bytes_.clear();
  }

 private:
  static constexpr std::uint64_t kWriteAtOnce = 256 * 1024;

  void write(std::string_view bytes) {
    const auto before = ProgressMeter::Steady::now();
    pwrite_all(file_, bytes, at_);
    progress_.add_network(bytes.size(), ProgressMeter::Steady::now() - before);
    at_ += bytes.size();
  }

  const Fd& file_;
  std::uint64_t at_;
  ProgressMeter& progress_;
  std::string bytes_;
};

// Large files get their blocks at once: together, and a full disk shows before the bytes come.
void preallocate(const Fd& file, std::uint64_t size) {
  while (::fallocate(file.get(), 0, 0, static_cast<off_t>(size)) != 0) {
    if (errno == EINTR) continue;
    if (errno == EOPNOTSUPP || errno == ENOSYS) return;
    throw_errno("make room for " + format_bytes(size));
  }
}

}  // namespace

bool asks_for_head(const ObjectInfo& object) {
  // The answer to one request for all bytes brings the checksum with it.
  if (object.segmented) return true;
  return object.checksum ? object.size > kWhole : parts_of_etag(object.etag).has_value();
}

FetchPlan plan_fetch(const ObjectInfo& object, const std::optional<ObjectInfo>& told) {
  FetchPlan plan{std::max<std::uint64_t>(object.size, 1), 1};
  plan.checksum = told ? told->checksum : asks_for_head(object) ? std::nullopt : object.checksum;
  plan.etag_part_size = told ? told->part_size : 0;
  if (const auto parts = parts_of_etag(object.etag); parts && plan.etag_part_size == 0) {
    plan.etag_part_size = guess_part_size(object.size, *parts);
    plan.etag_part_size_is_guess = plan.etag_part_size != 0;
  }
  if (told) plan.segments = told->segments;
  if (object.size <= kWhole) return plan;
  if (plan.checksum && !can_be_combined(plan.checksum->algorithm)) plan.checksum.reset();
  const bool by_etag = !plan.checksum && plan.etag_part_size != 0;
  plan.part_size = by_etag ? plan.etag_part_size : kPart;
  plan.parts = (object.size + plan.part_size - 1) / plan.part_size;
  return plan;
}

// What is made of a part's bytes as they come: its checksum, or its ETag, or nothing where only all
// bytes in order will do.
class ObjectFetch::PartHasher {
 public:
  explicit PartHasher(const FetchPlan& plan) {
    if (plan.checksum) {
      checksum.emplace(plan.checksum->algorithm);
    } else if (plan.segments.empty() && (plan.parts == 1 || plan.etag_part_size != 0)) {
      etag.emplace(plan.parts == 1 ? plan.etag_part_size : 0);
    }
  }
  void update(std::string_view bytes) {
    if (checksum) checksum->update(bytes);
    if (etag) etag->update(bytes);
  }

  std::optional<ChecksumState> checksum;
  std::optional<EtagHasher> etag;
};

ObjectFetch::ObjectFetch(const ObjectInfo& object, FetchPlan plan, Fd file)
    : object_(object),
      plan_(std::move(plan)),
      file_(std::move(file)),
      segments_(plan_.segments),
      missing_(plan_.parts) {
  part_checksums_.resize(plan_.parts);
  if (plan_.parts == 1) return;
  preallocate(file_, object_.size);
  part_digests_.resize(plan_.parts);
  arrived_.resize(plan_.parts);
}

bool ObjectFetch::fetch_part(ObjectStore& store, std::size_t index, ProgressMeter& progress,
                             std::stop_token stop) {
  const std::uint64_t begin = index * plan_.part_size;
  const std::uint64_t length = std::min(plan_.part_size, object_.size - begin);
  std::uint64_t at = begin;
  PartHasher hasher(plan_);
  WriteBuffer buffer(file_, begin, length, progress);
  const Sink sink = [&](std::string_view bytes) {
    if (bytes.size() > begin + length - at) {
      throw Error(ErrorKind::Conflict, "the object is longer than it was listed");
    }
    buffer.add(bytes);
    hasher.update(bytes);
    at += bytes.size();
  };
  const auto range = plan_.parts == 1 ? std::nullopt : std::optional(ByteRange{begin, length});
  const ObjectInfo info = store.get(object_.key, range, object_.etag, sink, stop);
  if (at != begin + length) {
    throw Error(ErrorKind::Conflict, "the object is shorter than it was listed");
  }
  buffer.flush();
  keep(index, hasher, info, length);
  if (plan_.checksum && plan_.checksum->value.empty()) find_promise(store, stop);
  segments_.arrived(
      begin, begin + length,
      [&](std::uint64_t from, std::uint64_t to, const Sink& use) { read_back(from, to, use); });
  const bool hashed = hasher.checksum || hasher.etag;
  if (!hashed && !info.md5.empty()) hash_arrived(index);
  return --missing_ == 0;
}

void ObjectFetch::keep(std::size_t index, PartHasher& hasher, const ObjectInfo& info,
                       std::uint64_t length) {
  std::scoped_lock guard(mutex_);
  if (!info.md5.empty()) md5_ = info.md5;
  if (hasher.checksum) {
    part_checksums_[index] = {hasher.checksum->finish().value, length};
    if (plan_.parts == 1) take_promise(info);
  } else if (hasher.etag) {
    std::string etag = hasher.etag->finish();
    plan_.parts == 1 ? void(whole_ = std::move(etag)) : void(part_digests_[index] = from_hex(etag));
  }
}

void ObjectFetch::take_promise(const ObjectInfo& info) {
  const bool same = info.checksum && info.checksum->algorithm == plan_.checksum->algorithm;
  if (same && info.etag == object_.etag) plan_.checksum->value = info.checksum->value;
}

// The answer did not bring the checksum that was listed: it began in the middle, after one that
// broke off, or the store has none after all. Of an object in one part.
void ObjectFetch::find_promise(ObjectStore& store, std::stop_token stop) {
  if (const auto info = store.head(object_.key, stop)) take_promise(*info);
  if (!plan_.checksum->value.empty()) return;
  EtagHasher hasher(plan_.etag_part_size);
  read_back(0, object_.size, [&](std::string_view bytes) { hasher.update(bytes); });
  whole_ = hasher.finish();
  plan_.checksum.reset();
}

// An MD5 takes the bytes in order: whoever brings the part that it waits for hashes it, and those
// after it that are here, out of the page cache.
void ObjectFetch::hash_arrived(std::size_t index) {
  std::unique_lock lock(mutex_);
  arrived_[index] = true;
  if (hashing_) return;
  hashing_ = true;
  try {
    while (hashed_ < arrived_.size() && arrived_[hashed_]) {
      const std::size_t next = hashed_;
      lock.unlock();
      const std::uint64_t begin = next * plan_.part_size;
      read_back(begin, std::min(begin + plan_.part_size, object_.size),
                [&](std::string_view bytes) { hasher_.update(bytes); });
      lock.lock();
      hashed_ = next + 1;
    }
  } catch (...) {
    lock.lock();
    hashing_ = false;
    hashing_ended_.notify_all();
    throw;
  }
  hashing_ = false;
  hashing_ended_.notify_all();
}

void ObjectFetch::read_back(std::uint64_t begin, std::uint64_t end, const Sink& use) const {
  std::string buffer(kReadBack, '\0');
  for (std::uint64_t at = begin; at < end;) {
    const std::size_t want = std::min<std::uint64_t>(buffer.size(), end - at);
    const ssize_t got = ::pread(file_.get(), buffer.data(), want, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("read back what was fetched");
    if (got == 0) throw Error(ErrorKind::Corrupt, "what was fetched cannot be read back");
    use(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
    at += static_cast<std::uint64_t>(got);
  }
}

ObjectFetch::Verdict ObjectFetch::verify_checksum() const {
  const ChecksumAlgorithm algorithm = plan_.checksum->algorithm;
  const std::string found =
      plan_.parts == 1 ? part_checksums_.front().value
                       : combine(algorithm, ChecksumType::FullObject, part_checksums_).value;
  return found == plan_.checksum->value ? Verdict::Verified : Verdict::Damaged;
}

ObjectFetch::Verdict ObjectFetch::verify_segments() const {
  if (segments_.damaged()) return Verdict::Damaged;
  return segments_.proves_all() ? Verdict::Verified : Verdict::Unverifiable;
}

ObjectFetch::Verdict ObjectFetch::verify() {
  std::unique_lock lock(mutex_);
  hashing_ended_.wait(lock, [&] { return !hashing_; });
  if (plan_.checksum) return verify_checksum();
  if (!plan_.segments.empty()) return verify_segments();
  if (plan_.etag_part_size != 0) {
    std::string digests;
    for (const std::string& part : part_digests_) digests += part;
    const std::string etag = plan_.parts == 1 ? whole_ : etag_of_parts(digests);
    if (etag == object_.etag) return Verdict::Verified;
    return plan_.etag_part_size_is_guess ? Verdict::Unverifiable : Verdict::Damaged;
  }
  if (md5_.empty() || hashed_ < arrived_.size()) return Verdict::Unverifiable;
  const std::string found = plan_.parts == 1 ? whole_ : to_hex(hasher_.finish());
  return found == md5_ ? Verdict::Verified : Verdict::Damaged;
}

void ObjectFetch::start_again() {
  segments_.start_again();
  std::scoped_lock guard(mutex_);
  missing_ = plan_.parts;
  arrived_.assign(arrived_.size(), false);
  hashed_ = 0;
  hasher_ = Hasher(Digest::Md5);
}

}  // namespace trainyard::objectstore
