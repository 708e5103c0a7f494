// CRCs of pieces of 16 KiB, as a download is given them: ours, and zlib's beside them.
#include <benchmark/benchmark.h>
#include <zlib.h>

#include <string>

#include "base/hash.hpp"

namespace {

constexpr std::size_t kSize = 16 * 1024;

template <typename Fn>
void checksum(benchmark::State& state, Fn fn) {
  const std::string bytes(kSize, 'x');
  for (auto _ : state) benchmark::DoNotOptimize(fn(bytes));
  state.SetBytesProcessed(state.iterations() * std::int64_t(kSize));
}

BENCHMARK_CAPTURE(checksum, crc64nvme,
                  [](const std::string& b) { return trainyard::crc64nvme(b); });
BENCHMARK_CAPTURE(checksum, crc32, [](const std::string& b) { return trainyard::crc32(b); });
BENCHMARK_CAPTURE(checksum, crc32c, [](const std::string& b) { return trainyard::crc32c(b); });
BENCHMARK_CAPTURE(checksum, crc32_zlib, [](const std::string& b) {
  return ::crc32(0, reinterpret_cast<const Bytef*>(b.data()), static_cast<uInt>(b.size()));
});

}  // namespace
