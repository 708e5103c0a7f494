#pragma once
// What the multipart operations share.
#include <optional>
#include <string>

#include "gateway/call.hpp"
#include "gateway/checksums.hpp"
#include "gateway/store.hpp"

namespace trainyard::gateway {

inline constexpr std::uint64_t kMinPart = 5u << 20;  // of every part but the last

// The upload that ?uploadId names, of this key. Throws S3Error NoSuchUpload, NoSuchBucket.
Upload require_upload(const Call& call, db::Connection& db);

std::optional<ChecksumAlgorithm> algorithm_of(const Upload& upload);

// Makes `part` a part of the request's upload, in place of one with the same number. Throws S3Error
// NoSuchUpload when the upload ended meanwhile.
void commit_part(Call& call, NewPiece part);

}  // namespace trainyard::gateway
