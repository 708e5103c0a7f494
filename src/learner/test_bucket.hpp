#pragma once
#include <map>
#include <string>

#include "objectstore/memory_store.hpp"
#include "objectstore/sources.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::learner {

inline void fill(objectstore::ObjectStore& store, const std::map<std::string, std::string>& files) {
  for (const auto& [key, bytes] : files) objectstore::upload_bytes(store, bytes, key, {});
}

// Every object, key and bytes.
inline std::map<std::string, std::string> content(objectstore::ObjectStore& store) {
  std::map<std::string, std::string> result;
  for (const auto& object : store.list("", "", {}).objects) {
    result[object.key] = objectstore::download_bytes(store, object.key, 100 << 20);
  }
  return result;
}

// Forwards to a store that lives elsewhere: what an OpenStore returns for it.
class BorrowedStore final : public objectstore::ObjectStore {
 public:
  explicit BorrowedStore(objectstore::ObjectStore& store) : store_(store) {}
  const std::string& description() const override { return store_.description(); }
  std::optional<objectstore::ObjectInfo> head(const std::string& key,
                                              std::stop_token stop) override {
    return store_.head(key, std::move(stop));
  }
  objectstore::ObjectInfo get(const std::string& key,
                              const std::optional<objectstore::ByteRange>& range,
                              const std::string& if_match, const objectstore::Sink& sink,
                              std::stop_token stop) override {
    return store_.get(key, range, if_match, sink, std::move(stop));
  }
  objectstore::ObjectInfo put(const std::string& key, objectstore::Source& source,
                              std::stop_token stop) override {
    return store_.put(key, source, std::move(stop));
  }
  objectstore::ListPage list(const std::string& prefix, const std::string& continuation,
                             std::stop_token stop) override {
    return store_.list(prefix, continuation, std::move(stop));
  }
  void remove(const std::string& key, std::stop_token stop) override {
    store_.remove(key, std::move(stop));
  }
  std::uint64_t discard_unfinished(const std::string& prefix, std::stop_token stop) override {
    return store_.discard_unfinished(prefix, std::move(stop));
  }

 private:
  objectstore::ObjectStore& store_;
};

}  // namespace trainyard::learner
