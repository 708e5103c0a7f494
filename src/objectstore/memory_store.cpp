#include "objectstore/memory_store.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/hash.hpp"
#include "base/sync.hpp"
#include "objectstore/sources.hpp"

namespace trainyard::objectstore {
namespace {

struct Stored {
  std::shared_ptr<const std::string> bytes;
  std::string etag;
  std::optional<Checksum> checksum;
};

class MemoryStore final : public ObjectStore {
 public:
  explicit MemoryStore(MemoryStoreOptions options) : options_(std::move(options)) {}

  const std::string& description() const override { return options_.description; }

  std::optional<ObjectInfo> head(const std::string& key, std::stop_token) override {
    auto objects = objects_.lock();
    auto found = objects->find(key);
    if (found == objects->end()) return std::nullopt;
    return info(found->first, found->second);
  }

  ObjectInfo get(const std::string& key, const std::optional<ByteRange>& range,
                 const std::string& if_match, const Sink& sink, std::stop_token) override {
    const Stored object = find(key);
    if (!if_match.empty() && if_match != object.etag) {
      throw Error(ErrorKind::Conflict, "the object '" + key + "' was replaced meanwhile");
    }
    sink(slice(*object.bytes, range));
    ObjectInfo result = info(key, object);
    if (range) result.checksum.reset();
    return result;
  }

  ObjectInfo put(const std::string& key, Source& source, std::stop_token) override {
    auto bytes = std::make_shared<const std::string>(read_all(source));
    Stored object{bytes, to_hex(digest(Digest::Md5, *bytes)), {}};
    if (options_.checksum) {
      ChecksumState state(*options_.checksum);
      state.update(*bytes);
      object.checksum = state.finish();
    }
    ObjectInfo result = info(key, object);
    objects_.with([&](auto& objects) { objects.insert_or_assign(key, std::move(object)); });
    return result;
  }

  ListPage list(const std::string& prefix, const std::string& continuation,
                std::stop_token) override {
    auto objects = objects_.lock();
    ListPage page;
    auto next =
        continuation.empty() ? objects->lower_bound(prefix) : objects->upper_bound(continuation);
    for (; next != objects->end() && next->first.starts_with(prefix); ++next) {
      if (page.objects.size() == options_.page_size) {
        page.next = page.objects.back().key;
        break;
      }
      ObjectInfo& object = page.objects.emplace_back(info(next->first, next->second));
      object.md5.clear();
      if (options_.etags != ETags::Everywhere) object.etag.clear();
      if (object.checksum) object.checksum->value.clear();
    }
    return page;
  }

  std::uint64_t discard_unfinished(const std::string&, std::stop_token) override { return 0; }
  void remove(const std::string& key, std::stop_token) override {
    objects_.with([&](auto& objects) { objects.erase(key); });
  }

 private:
  Stored find(const std::string& key) {
    auto objects = objects_.lock();
    auto found = objects->find(key);
    if (found == objects->end()) {
      throw Error(ErrorKind::NotFound,
                  "there is no object '" + key + "' in " + options_.description);
    }
    return found->second;
  }

  ObjectInfo info(const std::string& key, const Stored& object) const {
    const std::string etag = options_.etags == ETags::Nowhere ? "" : object.etag;
    return {key, object.bytes->size(), etag, etag, 0, object.checksum};
  }

  static std::string_view slice(std::string_view bytes, const std::optional<ByteRange>& range) {
    if (!range) return bytes;
    if (range->offset >= bytes.size() ||
        (range->length != ByteRange::kToEnd && range->length > bytes.size() - range->offset)) {
      throw Error(ErrorKind::InvalidInput, "the range lies beyond the end of the object");
    }
    return bytes.substr(range->offset, range->length);
  }

  MemoryStoreOptions options_;
  Sync<std::map<std::string, Stored>> objects_;
};

}  // namespace

std::unique_ptr<ObjectStore> make_memory_store(MemoryStoreOptions options) {
  return std::make_unique<MemoryStore>(std::move(options));
}

}  // namespace trainyard::objectstore
