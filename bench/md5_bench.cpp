// MD5 of many messages of 1 MiB: side by side, and one after the other by OpenSSL.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "base/hash.hpp"
#include "base/md5_lanes.hpp"

namespace {

using namespace trainyard;

constexpr std::size_t kSize = 1 << 20;

class Text final : public Md5Message {
 public:
  explicit Text(const std::string& bytes) : bytes_(bytes) {}
  Piece read(char* into) override {
    const std::size_t size = std::min(kPiece, bytes_.size() - at_);
    std::memcpy(into, bytes_.data() + at_, size);
    at_ += size;
    return {size, at_ == bytes_.size()};
  }
  void finish(std::string digest) override { benchmark::DoNotOptimize(digest); }

 private:
  const std::string& bytes_;
  std::size_t at_ = 0;
};

void side_by_side(benchmark::State& state) {
  const std::string bytes(kSize, 'x');
  for (auto _ : state) {
    std::int64_t left = state.range(0);
    md5_all([&]() -> std::shared_ptr<Md5Message> {
      return left-- > 0 ? std::make_shared<Text>(bytes) : nullptr;
    });
  }
  state.SetBytesProcessed(state.iterations() * state.range(0) * std::int64_t(kSize));
}
BENCHMARK(side_by_side)->Arg(1)->Arg(2)->Arg(4)->Arg(16)->Arg(64);

void one_after_the_other_openssl(benchmark::State& state) {
  const std::string bytes(kSize, 'x');
  for (auto _ : state) benchmark::DoNotOptimize(digest(Digest::Md5, bytes));
  state.SetBytesProcessed(state.iterations() * std::int64_t(kSize));
}
BENCHMARK(one_after_the_other_openssl);

}  // namespace
