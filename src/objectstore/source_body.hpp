#pragma once
#include <cstdint>

#include "http/client.hpp"
#include "objectstore/object_store.hpp"

namespace trainyard::objectstore {

// A Source as the body of an HTTP request.
class SourceBody final : public http::BodySource {
 public:
  explicit SourceBody(Source& source) : source_(source) {}
  std::uint64_t size() const override { return source_.size(); }
  void rewind() override { offset_ = 0; }
  std::size_t read(char* into, std::size_t max) override {
    const std::size_t got = source_.read_at(offset_, into, max);
    offset_ += got;
    source_.sent(got);
    return got;
  }

 private:
  Source& source_;
  std::uint64_t offset_ = 0;
};

}  // namespace trainyard::objectstore
