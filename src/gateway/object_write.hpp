#pragma once
// The steps that PUT, copy and part upload share.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gateway/call.hpp"
#include "gateway/conditions.hpp"
#include "gateway/payload.hpp"

namespace trainyard::gateway {

// S3's limit for one PUT or one part.
inline constexpr std::uint64_t kMaxPut = std::uint64_t(5) << 30;

// The body of the request as a piece, on disk. Throws S3Error EntityTooLarge, and as Payload.
NewPiece receive(Call& call, Payload& payload);

// Makes `pieces` the object, in one durable change, if `condition` holds. Sets object.content.
void commit_object(Call& call, const WriteCondition& condition, ObjectRecord object,
                   std::vector<NewPiece> pieces);

}  // namespace trainyard::gateway
