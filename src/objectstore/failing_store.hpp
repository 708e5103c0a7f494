#pragma once
// A store for tests that fails by script, and counts what is asked of it.
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "objectstore/object_store.hpp"

namespace trainyard::objectstore {

enum class StoreCall { Head, Get, Put, List, Remove };

struct Failure {
  ErrorKind kind = ErrorKind::Unavailable;
  std::uint64_t after_bytes = 0;  // Get: so many bytes are delivered first
  std::optional<Milliseconds> retry_after = {};
  // Get: no error, but the first byte arrives changed.
  bool corrupts = false;
  bool foreign = false;  // as StoreError has it
};

// Asked before each call: what call, of which key (or prefix), and the how manieth of its sort.
using FailureScript =
    std::function<std::optional<Failure>(StoreCall, const std::string& key, unsigned nth)>;

// Calls of this sort number `first` to `last` (from 1) fail in this way.
FailureScript fail_calls(StoreCall call, unsigned first, unsigned last, Failure failure = {});

class FailingStore final : public ObjectStore {
 public:
  FailingStore(ObjectStore& inner, FailureScript script)
      : inner_(inner), script_(std::move(script)) {}

  const std::string& description() const override { return inner_.description(); }
  std::optional<ObjectInfo> head(const std::string& key, std::stop_token stop) override;
  ObjectInfo get(const std::string& key, const std::optional<ByteRange>& range,
                 const std::string& if_match, const Sink& sink, std::stop_token stop) override;
  ObjectInfo put(const std::string& key, Source& source, std::stop_token stop) override;
  ListPage list(const std::string& prefix, const std::string& continuation,
                std::stop_token stop) override;
  void remove(const std::string& key, std::stop_token stop) override;
  std::uint64_t discard_unfinished(const std::string& prefix, std::stop_token stop) override {
    return inner_.discard_unfinished(prefix, stop);
  }

  unsigned calls(StoreCall call) const { return calls_[static_cast<std::size_t>(call)]; }
  std::uint64_t bytes_delivered() const { return bytes_delivered_; }

 private:
  std::optional<Failure> next(StoreCall call, const std::string& key);
  void fail_if_scripted(StoreCall call, const std::string& key);

  ObjectStore& inner_;
  FailureScript script_;
  std::array<std::atomic<unsigned>, 5> calls_{};
  std::atomic<std::uint64_t> bytes_delivered_{0};
};

}  // namespace trainyard::objectstore
