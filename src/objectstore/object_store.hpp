#pragma once
// One bucket of an object store: s3, swift, memory. Everything else (tree transfer, retry, cache)
// is written once over these calls. Thread-safe; blocking.
//
// Errors: NotFound (key or bucket, the text says which), Unauthenticated, Forbidden, Conflict
// (a precondition failed: the object changed), Corrupt (bytes do not match), Unavailable and
// Timeout (retry), InvalidInput.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "model/manifest.hpp"
#include "objectstore/checksums.hpp"

namespace trainyard::objectstore {

// One of those that a large object of Swift stands for.
struct ObjectSegment {
  std::uint64_t size = 0;
  std::string md5;  // hex; empty: nothing is known of its bytes
};

struct ObjectInfo {
  std::string key;  // exact bytes
  std::uint64_t size = 0;
  std::string etag = {};  // without quotes; may be empty
  // Hex MD5 of the whole object when the store vouches for it; set by get, head and put, empty in
  // listings (a listing does not tell whether an ETag is one).
  std::string md5 = {};
  // Of an object uploaded in parts, when head() could find it out: its ETag is then the MD5 of the
  // parts' MD5s and "-N". 0: unknown.
  std::uint64_t part_size = 0;
  // Of the whole object, when the store keeps one; never a composite one. Its value is set by
  // head() and by a get() of all bytes in one answer; listings say of which sort it is, and give no
  // value.
  std::optional<Checksum> checksum = {};
  // It is made of segments: head() tells which, in order, where that can be found out.
  bool segmented = false;
  std::vector<ObjectSegment> segments = {};
};

struct ListPage {
  std::vector<ObjectInfo> objects;
  std::string next;  // continuation; empty: the end
};

struct ByteRange {
  static constexpr std::uint64_t kToEnd = ~std::uint64_t(0);
  std::uint64_t offset = 0;
  std::uint64_t length = 0;  // kToEnd: whatever follows
};

// Receives bytes in order; may throw to end the transfer.
using Sink = std::function<void(std::string_view)>;

// The bytes of an upload, readable again from any offset. Thread-safe.
class Source {
 public:
  virtual ~Source() = default;
  virtual std::uint64_t size() const = 0;
  virtual std::size_t read_at(std::uint64_t offset, char* into, std::size_t max) = 0;
  // Told by the store as bytes go out, for progress; those of a retry are told again.
  virtual void sent(std::size_t /*bytes*/) {}
};

class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  // "s3://bucket at http://host:port": names endpoint and bucket in messages and in the cache; the
  // same bucket always has the same description. No secrets.
  virtual const std::string& description() const = 0;
  // nullopt: there is no such key. A missing bucket is NotFound.
  virtual std::optional<ObjectInfo> head(const std::string& key, std::stop_token stop) = 0;
  // The object, or `range` of it, if its ETag still is `if_match` (unless empty). Delivers exactly
  // the range, in order, or throws; answers with what the store said about the object. A sink that
  // got bytes of a failed call must be thrown away or resumed by range: retries inside never repeat
  // bytes.
  virtual ObjectInfo get(const std::string& key, const std::optional<ByteRange>& range,
                         const std::string& if_match, const Sink& sink, std::stop_token stop) = 0;
  // Whole or not at all; verified by the store. Large sources go in parts. Conflict: the source
  // changed while it was read.
  virtual ObjectInfo put(const std::string& key, Source& source, std::stop_token stop) = 0;
  // In the store's order; `continuation` from the page before, empty first.
  virtual ListPage list(const std::string& prefix, const std::string& continuation,
                        std::stop_token stop) = 0;
  virtual void remove(const std::string& key, std::stop_token stop) = 0;  // missing is fine
  // Removes what uploads to keys below `prefix` left that were begun and never ended: parts, and
  // segments that no object stands on. Nobody may be uploading there. How many uploads or segments
  // these were.
  virtual std::uint64_t discard_unfinished(const std::string& prefix, std::stop_token stop) = 0;
};

}  // namespace trainyard::objectstore
