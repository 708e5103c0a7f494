#pragma once
// One request that puts bytes, an object or a part of one, and the proof that they arrived.
#include <atomic>
#include <string>

#include "objectstore/checksums.hpp"
#include "objectstore/s3_client.hpp"

namespace trainyard::objectstore::s3 {

// What the store is given to check the bytes by. An MD5 costs twenty times as much as a
// CRC-64/NVME, but only the MD5 is known to every store.
enum class Proof {
  Both,   // to begin with: the answer shows whether the store took the CRC
  Crc64,  // it did
  Md5,    // it ignores it, or refuses what comes with it
};
// What one store was found to take; shared by all uploads to it.
using LearnedProof = std::atomic<Proof>;

struct StoredBytes {
  ObjectInfo info;    // what the answer says
  std::string md5;    // raw; empty: not made
  std::string crc64;  // as S3 sends it; empty: not what the store compared
};

// Sends the source to the request's place. The store has compared it with at least one of the
// proofs, and its answer names the bytes that were sent. Throws Unavailable for bytes that were
// damaged on their way and for an answer that confirms nothing, Conflict when the source changed
// meanwhile.
StoredBytes put_verified(Client& client, LearnedProof& learned, Request& request, Source& source);

// Whether a store may have refused a request for what it says of a checksum.
bool may_be_about_checksums(const StoreError& error);

}  // namespace trainyard::objectstore::s3
