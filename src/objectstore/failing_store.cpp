#include "objectstore/failing_store.hpp"

#include <algorithm>

#include "objectstore/retry.hpp"

namespace trainyard::objectstore {
namespace {

[[noreturn]] void throw_scripted(const Failure& failure) {
  StoreError error(failure.kind, "a scripted failure");
  error.retry_after = failure.retry_after;
  error.foreign = failure.foreign;
  throw error;
}

}  // namespace

FailureScript fail_calls(StoreCall call, unsigned first, unsigned last, Failure failure) {
  return [=](StoreCall asked, const std::string&, unsigned nth) -> std::optional<Failure> {
    if (asked != call || nth < first || nth > last) return std::nullopt;
    return failure;
  };
}

std::optional<Failure> FailingStore::next(StoreCall call, const std::string& key) {
  const unsigned nth = ++calls_[static_cast<std::size_t>(call)];
  return script_ ? script_(call, key, nth) : std::nullopt;
}

void FailingStore::fail_if_scripted(StoreCall call, const std::string& key) {
  if (auto failure = next(call, key)) throw_scripted(*failure);
}

std::optional<ObjectInfo> FailingStore::head(const std::string& key, std::stop_token stop) {
  fail_if_scripted(StoreCall::Head, key);
  return inner_.head(key, stop);
}

ObjectInfo FailingStore::get(const std::string& key, const std::optional<ByteRange>& range,
                             const std::string& if_match, const Sink& sink, std::stop_token stop) {
  const auto failure = next(StoreCall::Get, key);
  std::uint64_t left = failure && !failure->corrupts ? failure->after_bytes : ~std::uint64_t(0);
  bool corrupt_next = failure && failure->corrupts;
  const auto tampering = [&](std::string_view bytes) {
    std::string passed(bytes.substr(0, std::min<std::uint64_t>(left, bytes.size())));
    if (corrupt_next && !passed.empty()) {
      passed[0] = static_cast<char>(passed[0] ^ 1);
      corrupt_next = false;
    }
    bytes_delivered_ += passed.size();
    left -= passed.size();
    if (!passed.empty()) sink(passed);
    if (failure && !failure->corrupts && left == 0) throw_scripted(*failure);
  };
  if (failure && !failure->corrupts && left == 0) throw_scripted(*failure);
  return inner_.get(key, range, if_match, tampering, stop);
}

ObjectInfo FailingStore::put(const std::string& key, Source& source, std::stop_token stop) {
  fail_if_scripted(StoreCall::Put, key);
  return inner_.put(key, source, stop);
}

ListPage FailingStore::list(const std::string& prefix, const std::string& continuation,
                            std::stop_token stop) {
  fail_if_scripted(StoreCall::List, prefix);
  return inner_.list(prefix, continuation, stop);
}

void FailingStore::remove(const std::string& key, std::stop_token stop) {
  fail_if_scripted(StoreCall::Remove, key);
  inner_.remove(key, stop);
}

}  // namespace trainyard::objectstore
