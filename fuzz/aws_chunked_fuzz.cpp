// An aws-chunked body as a stranger sends it: first byte the kind, the rest the body, which comes
// in pieces of a few bytes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "gateway/aws_chunked.hpp"
#include "gateway/s3_error.hpp"

using namespace trainyard;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::uint8_t kind = data[0];
  const char* at = reinterpret_cast<const char*>(data) + 1;
  std::size_t left = size - 1;
  const std::size_t step = 1 + kind / 4;
  gateway::ByteSource source = [&](std::span<char> into) {
    const std::size_t count = std::min({into.size(), left, step});
    std::copy_n(at, count, into.data());
    at += count;
    left -= count;
    return count;
  };
  gateway::ChunkedOptions options;
  options.trailer = kind & 1;
  if (kind & 2) {
    options.signer.emplace(Secret("secret"), objectstore::sigv4::Scope{}, "20130524T000000Z",
                           std::string(64, '0'));
  }
  try {
    gateway::AwsChunkedReader reader(std::move(source), std::move(options));
    char buffer[100];
    std::size_t decoded = 0;
    while (const std::size_t count = reader.read(buffer)) decoded += count;
    if (decoded > size) std::abort();
  } catch (const gateway::S3Error&) {
  }
  return 0;
}
