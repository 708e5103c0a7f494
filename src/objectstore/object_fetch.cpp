#include "objectstore/object_fetch.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/strings.hpp"
#include "objectstore/etag.hpp"
#include "objectstore/file_ops.hpp"

namespace trainyard::objectstore {
namespace {

constexpr std::uint64_t kPart = 16u << 20;
constexpr std::uint64_t kWhole = 2 * kPart;  // objects up to this size are one request
constexpr std::uint64_t kWholeBesideOthers = 2 * kWhole;

// Bytes on their way into a file. They come in pieces of 16 KiB, from all connections at once, and
// the kernel lets one writer into a file at a time: the others would spin, or wait and be woken for
// every piece. So each brings many at once, and they take turns. Each write is small all the same:
// for a large one some kernels take large pages, whose memory is colder.
class WriteBuffer {
 public:
  WriteBuffer(const Fd& file, std::mutex& one_at_a_time, std::uint64_t offset, std::uint64_t length,
              ProgressMeter& progress)
      : file_(file), one_at_a_time_(one_at_a_time), at_(offset), progress_(progress) {
    bytes_.reserve(std::min(length, kTurn));
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
  static constexpr std::uint64_t kTurn = 1u << 20;
  static constexpr std::uint64_t kWrite = 32 * 1024;

  void write(std::string_view bytes) {
    const auto before = ProgressMeter::Steady::now();
    {
      std::scoped_lock guard(one_at_a_time_);
      for (std::size_t done = 0; done < bytes.size(); done += kWrite) {
        pwrite_all(file_, bytes.substr(done, kWrite), at_ + done);
      }
    }
    progress_.add_network(bytes.size(), ProgressMeter::Steady::now() - before);
    at_ += bytes.size();
  }

  const Fd& file_;
  std::mutex& one_at_a_time_;
  std::uint64_t at_;
  ProgressMeter& progress_;
  std::string bytes_;
};

void read_back(const Fd& file, std::uint64_t at, char* into, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::pread(file.get(), into, size, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("read back what was fetched");
    if (got == 0) throw Error(ErrorKind::Corrupt, "what was fetched cannot be read back");
    into += got;
    at += static_cast<std::uint64_t>(got);
    size -= static_cast<std::size_t>(got);
  }
}

}  // namespace

bool asks_for_head(const ObjectInfo& object) {
  // The answer to one request for all bytes brings the checksum with it.
  if (object.segmented) return true;
  return object.checksum ? object.size > kWhole : parts_of_etag(object.etag).has_value();
}

FetchPlan plan_fetch(const ObjectInfo& object, const std::optional<ObjectInfo>& told,
                     OthersWait others) {
  FetchPlan plan{std::max<std::uint64_t>(object.size, 1), 1};
  plan.checksum = told ? told->checksum : asks_for_head(object) ? std::nullopt : object.checksum;
  plan.etag_part_size = told ? told->part_size : 0;
  if (const auto parts = parts_of_etag(object.etag); parts && plan.etag_part_size == 0) {
    plan.etag_part_size = guess_part_size(object.size, *parts);
    plan.etag_part_size_is_guess = plan.etag_part_size != 0;
  }
  if (told) plan.segments = told->segments;
  // Without an ETag nothing tells whether two ranges are of the same version.
  if (object.size <= kWhole || object.etag.empty()) return plan;
  if (plan.checksum && !can_be_combined(plan.checksum->algorithm)) plan.checksum.reset();
  const bool by_etag = !plan.checksum && plan.etag_part_size != 0;
  const bool in_order = !plan.checksum && !by_etag && plan.segments.empty();
  if (in_order && others == OthersWait::Yes && object.size <= kWholeBesideOthers) return plan;
  plan.part_size = by_etag ? plan.etag_part_size : kPart;
  plan.parts = (object.size + plan.part_size - 1) / plan.part_size;
  return plan;
}

// Some of the object's bytes, whose MD5 tells whether they are right. Whoever has it in hand reads
// it on, one thread at a time.
class ObjectFetch::Message final : public Md5Message {
 public:
  Message(ObjectFetch& fetch, std::uint64_t begin, std::uint64_t end, std::string expected = {})
      : begin(begin), end(end), expected(std::move(expected)), fetch_(fetch) {}

  Piece read(char* into) override {
    const std::size_t size = with_context(context(), [&] { return fetch_.read_on(*this, into); });
    return {size, at == end};
  }
  void finish(std::string digest) override {
    with_context(context(), [&] { fetch_.hashed(*this, std::move(digest)); });
  }
  void start_again() {
    begin_again();
    at = until = begin;
    in_hand = false;
  }

  const std::uint64_t begin, end;
  const std::string expected;   // hex; of a segment
  std::uint64_t at = begin;     // up to here it was read
  std::uint64_t until = begin;  // up to here it can be read, at least
  bool in_hand = false;         // of somebody who reads it on
  std::string md5;              // raw

 private:
  std::string context() const { return "fetch '" + printable(fetch_.object_.key) + "'"; }

  ObjectFetch& fetch_;
};

ObjectFetch::ObjectFetch(ObjectInfo object, FetchPlan plan, Fd file, std::stop_token stop,
                         Complete complete)
    : object_(std::move(object)),
      plan_(std::move(plan)),
      file_(std::move(file)),
      stop_(std::move(stop)),
      complete_(std::move(complete)),
      missing_(plan_.parts),
      part_checksums_(plan_.parts),
      arrived_(plan_.parts) {
  if (!plan_.checksum) make_messages();
}

ObjectFetch::~ObjectFetch() = default;

void ObjectFetch::make_messages() {
  if (plan_.segments.empty()) {
    const std::uint64_t size = plan_.etag_part_size == 0 ? object_.size : plan_.etag_part_size;
    for (std::uint64_t at = 0; at < object_.size; at += size) {
      messages_.push_back(std::make_unique<Message>(*this, at, std::min(at + size, object_.size)));
    }
  }
  std::uint64_t at = 0;
  for (const ObjectSegment& segment : plan_.segments) {
    const std::uint64_t end = at + segment.size;
    if (!segment.md5.empty() && segment.size != 0) {
      messages_.push_back(std::make_unique<Message>(*this, at, end, segment.md5));
    }
    at = end;
  }
  missing_ += messages_.size();
}

ObjectFetch::Messages ObjectFetch::fetch_part(ObjectStore& store, std::size_t index,
                                              ProgressMeter& progress) {
  const std::uint64_t begin = index * plan_.part_size;
  const std::uint64_t length = std::min(plan_.part_size, object_.size - begin);
  const std::uint64_t end = begin + length;
  std::uint64_t at = begin;
  std::optional<ChecksumState> checksum;
  if (plan_.checksum) checksum.emplace(plan_.checksum->algorithm);
  WriteBuffer buffer(file_, writing_, begin, length, progress);
  const Sink sink = [&](std::string_view bytes) {
    if (bytes.size() > end - at) {
      throw Error(ErrorKind::Conflict, "the object is longer than it was listed");
    }
    buffer.add(bytes);
    if (checksum) checksum->update(bytes);
    at += bytes.size();
  };
  const auto range = plan_.parts == 1 ? std::nullopt : std::optional(ByteRange{begin, length});
  ObjectInfo info = store.get(object_.key, range, object_.etag, sink, stop_);
  // What ends early and told no length was cut off, as far as anybody knows; a range has a length.
  if (at < end && info.size == 0 && !object_.etag.empty()) {
    info = store.get(object_.key, ByteRange{at, end - at}, object_.etag, sink, stop_);
  }
  if (at != end) {
    throw Error(ErrorKind::Conflict, "the object is shorter than it was listed");
  }
  buffer.flush();
  keep(index, checksum, info, length);
  if (plan_.checksum && plan_.checksum->value.empty()) find_promise(store);
  Messages messages = arrived(index);
  one_is_done();
  return messages;
}

void ObjectFetch::keep(std::size_t index, std::optional<ChecksumState>& checksum,
                       const ObjectInfo& info, std::uint64_t length) {
  std::scoped_lock guard(mutex_);
  if (!info.md5.empty()) md5_ = info.md5;
  if (!checksum) return;
  part_checksums_[index] = {checksum->finish().value, length};
  if (plan_.parts == 1) take_promise(info);
}

void ObjectFetch::take_promise(const ObjectInfo& info) {
  const bool same = info.checksum && info.checksum->algorithm == plan_.checksum->algorithm;
  if (same && info.etag == object_.etag) plan_.checksum->value = info.checksum->value;
}

// The answer did not bring the checksum that was listed: it began in the middle, after one that
// broke off, or the store has none after all. Of an object in one part.
void ObjectFetch::find_promise(ObjectStore& store) {
  if (const auto info = store.head(object_.key, stop_)) take_promise(*info);
  if (!plan_.checksum->value.empty()) return;
  plan_.checksum.reset();
  make_messages();
}

// The messages that can go on with this part, and are in nobody's hand.
ObjectFetch::Messages ObjectFetch::arrived(std::size_t index) {
  std::scoped_lock guard(mutex_);
  arrived_[index] = true;
  if (nothing_to_compare()) return {};
  const std::uint64_t begin = index * plan_.part_size, end = begin + plan_.part_size;
  auto message = std::partition_point(messages_.begin(), messages_.end(),
                                      [&](const auto& m) { return m->end <= begin; });
  Messages ready;
  for (; message != messages_.end() && (*message)->begin < end; ++message) {
    Message& m = **message;
    if (m.in_hand) continue;
    m.until = here_until(m);
    m.in_hand = m.until == m.end || m.until - m.at >= plan_.part_size;
    if (m.in_hand) ready.emplace_back(shared_from_this(), &m);
  }
  return ready;
}

// The store vouches for no MD5 of the whole, at the end or so far: the message waits, or is
// dropped.
bool ObjectFetch::nothing_to_compare() {
  const bool of_whole = plan_.segments.empty() && plan_.etag_part_size == 0 && !messages_.empty();
  if (!of_whole || !md5_.empty()) return false;
  if (std::find(arrived_.begin(), arrived_.end(), false) == arrived_.end()) {
    messages_.clear();
    --missing_;
  }
  return true;
}

// Where a message must stop for now; between its end and that, whole blocks of an MD5.
std::uint64_t ObjectFetch::here_until(const Message& message) const {
  std::size_t part = message.at / plan_.part_size;
  while (part < plan_.parts && arrived_[part]) ++part;
  const std::uint64_t here = std::min(part * plan_.part_size, object_.size);
  if (here >= message.end) return message.end;
  return here <= message.at ? message.at : here - (here - message.begin) % 64;
}

// How many bytes; 0: the next part is not here.
std::size_t ObjectFetch::read_on(Message& message, char* into) {
  if (stop_.stop_requested()) throw Error(ErrorKind::Canceled, "the transfer was stopped");
  if (message.at == message.until) {
    std::scoped_lock guard(mutex_);
    message.until = here_until(message);
    message.in_hand = message.at != message.until;
    if (!message.in_hand) return 0;
  }
  const std::size_t size = std::min<std::uint64_t>(Md5Message::kPiece, message.until - message.at);
  read_back(file_, message.at, into, size);
  message.at += size;
  return size;
}

void ObjectFetch::hashed(Message& message, std::string digest) {
  {
    std::scoped_lock guard(mutex_);
    message.md5 = std::move(digest);
  }
  one_is_done();
}

void ObjectFetch::one_is_done() {
  if (--missing_ == 0) complete_(shared_from_this());
}

ObjectFetch::Verdict ObjectFetch::verify_checksum() const {
  const ChecksumAlgorithm algorithm = plan_.checksum->algorithm;
  const std::string found =
      plan_.parts == 1 ? part_checksums_.front().value
                       : combine(algorithm, ChecksumType::FullObject, part_checksums_).value;
  return found == plan_.checksum->value ? Verdict::Verified : Verdict::Damaged;
}

ObjectFetch::Verdict ObjectFetch::verify_segments() const {
  for (const auto& message : messages_) {
    if (to_hex(message->md5) != message->expected) return Verdict::Damaged;
  }
  const bool all = std::none_of(
      plan_.segments.begin(), plan_.segments.end(),
      [](const ObjectSegment& segment) { return segment.md5.empty() && segment.size != 0; });
  return all ? Verdict::Verified : Verdict::Unverifiable;
}

ObjectFetch::Verdict ObjectFetch::verify() {
  std::scoped_lock guard(mutex_);
  if (plan_.checksum) return verify_checksum();
  if (!plan_.segments.empty()) return verify_segments();
  if (messages_.empty()) return Verdict::Unverifiable;
  if (plan_.etag_part_size == 0) {
    return to_hex(messages_.front()->md5) == md5_ ? Verdict::Verified : Verdict::Damaged;
  }
  std::string digests;
  for (const auto& message : messages_) digests += message->md5;
  if (etag_of_parts(digests) == object_.etag) return Verdict::Verified;
  return plan_.etag_part_size_is_guess ? Verdict::Unverifiable : Verdict::Damaged;
}

void ObjectFetch::start_again() {
  std::scoped_lock guard(mutex_);
  ++attempts_;
  arrived_.assign(plan_.parts, false);
  for (const auto& message : messages_) message->start_again();
  missing_ = plan_.parts + messages_.size();
}

}  // namespace trainyard::objectstore
