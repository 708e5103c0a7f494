#include "objectstore/s3_put.hpp"

#include <optional>

#include "base/hash.hpp"
#include "base/strings.hpp"
#include "objectstore/damaged.hpp"
#include "objectstore/s3_xml.hpp"
#include "objectstore/source_body.hpp"
#include "objectstore/sources.hpp"

namespace trainyard::objectstore::s3 {
namespace {

struct Hashes {
  std::string md5;  // raw
  std::optional<Checksum> crc64;
  bool operator==(const Hashes&) const = default;
};

Hashes hashes_of(Source& source, Proof proof) {
  std::optional<Hasher> md5;
  std::optional<ChecksumState> crc64;
  if (proof != Proof::Crc64) md5.emplace(Digest::Md5);
  if (proof != Proof::Md5) crc64.emplace(kCrc64);
  for_each_chunk(source, [&](std::string_view chunk) {
    if (md5) md5->update(chunk);
    if (crc64) crc64->update(chunk);
  });
  Hashes hashes;
  if (md5) hashes.md5 = md5->finish();
  if (crc64) hashes.crc64 = crc64->finish();
  return hashes;
}

StoredBytes put_with(Proof proof, Client& client, Request& request, Source& source) {
  const Hashes hashes = hashes_of(source, proof);
  const SourceChanged changed = [&] { return hashes_of(source, proof) != hashes; };
  SourceBody body(source);
  request.method = "PUT";
  request.body = &body;
  request.headers = {};
  if (!hashes.md5.empty()) request.headers.set("Content-MD5", base64_encode(hashes.md5));
  if (hashes.crc64) {
    request.headers.set(std::string(header_of(kCrc64)), hashes.crc64->value);
  }
  const ObjectInfo info = confirmed_put(
      *request.key, [&] { return client.send(request); }, changed);
  if (!hashes.md5.empty() && !info.md5.empty() && info.md5 != to_hex(hashes.md5)) {
    throw_damaged(*request.key, changed);
  }
  const bool compared = hashes.crc64 && info.checksum && info.checksum->algorithm == kCrc64;
  if (compared && info.checksum->value != hashes.crc64->value) {
    throw_damaged(*request.key, changed);
  }
  return {info, hashes.md5, compared ? hashes.crc64->value : std::string()};
}

}  // namespace

bool may_be_about_checksums(const StoreError& error) {
  return error.kind() == ErrorKind::InvalidInput || error.kind() == ErrorKind::Unsupported;
}

StoredBytes put_verified(Client& client, LearnedProof& learned, Request& request, Source& source) {
  const Proof proof = learned;
  try {
    StoredBytes stored = put_with(proof, client, request, source);
    if (proof == Proof::Both) learned = stored.crc64.empty() ? Proof::Md5 : Proof::Crc64;
    if (proof != Proof::Crc64 || !stored.crc64.empty()) return stored;
    learned = Proof::Both;
    throw Error(ErrorKind::Unavailable, "the store did not confirm the checksum of '" +
                                            printable(*request.key) + "' as it did before");
  } catch (const StoreError& error) {
    if (proof == Proof::Md5 || !may_be_about_checksums(error)) throw;
  }
  StoredBytes stored = put_with(Proof::Md5, client, request, source);
  learned = Proof::Md5;
  return stored;
}

}  // namespace trainyard::objectstore::s3
