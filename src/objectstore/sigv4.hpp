#pragma once
// AWS Signature Version 4, once for both sides: signing for the S3 client, verification for the
// gateway. Source: "Authenticating Requests (AWS Signature Version 4)" of the Amazon S3 API
// reference. Pure functions of their arguments; nothing here reads a clock or a body.
//
// Canonical form as S3 has it: the path is percent-decoded and encoded again once (so any legal
// spelling of the same key verifies), "." and ".." segments stay, "+" in a query is a space.
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"
#include "http/message.hpp"

namespace trainyard::objectstore::sigv4 {

// Values of x-amz-content-sha256 that are not a hash. The streaming ones announce an aws-chunked
// body; "Trailer" ones announce headers after the last chunk.
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view kStreamingSigned = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
inline constexpr std::string_view kStreamingSignedTrailer =
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
inline constexpr std::string_view kStreamingUnsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
// SHA-256 of nothing, the payload hash of a request without a body.
inline constexpr std::string_view kEmptyPayload =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

inline constexpr std::chrono::minutes kMaxClockSkew{15};
inline constexpr std::chrono::hours kMaxPresignLife{7 * 24};

struct Credentials {
  std::string access_key;
  Secret secret_key;
};

// What a signing key is good for.
struct Scope {
  std::string region = "us-east-1";
  std::string service = "s3";
  bool operator==(const Scope&) const = default;
};

// A request as it goes over the wire. `raw_path` and `raw_query` are percent-encoded, without "?".
struct Message {
  std::string_view method;
  std::string_view raw_path;
  std::string_view raw_query;
  const http::Headers& headers;
};

struct Signature {
  http::Headers headers;  // to add to the request: X-Amz-Date, X-Amz-Content-Sha256 (S3 only) and
                          // Authorization
  std::string value;      // 64 hex digits; the seed of a ChunkSigner
};

// Signs every header of `message` (Host must be among them; leave out what a proxy may change, as
// User-Agent). `payload_hash` is the hex SHA-256 of the body or one of the constants above. Throws
// InvalidInput without a Host header.
Signature sign(const Message& message, std::string_view payload_hash,
               const Credentials& credentials, const Scope& scope, TimePoint now);

// The query string of a presigned URL: message.raw_query, then the X-Amz-* parameters. Signs every
// header of `message`; whoever uses the URL must send them as they are. Throws InvalidInput
// without a Host header, or when `life` is not between one second and seven days.
std::string presign(const Message& message, const Credentials& credentials, const Scope& scope,
                    TimePoint now, std::chrono::seconds life);

// Why a request was not let in. The gateway turns each into S3's error code.
enum class Refusal {
  Anonymous,        // no credentials at all
  OtherMechanism,   // signature version 2, SigV4A, bearer, basic …
  MalformedHeader,  // the Authorization header cannot be read
  MalformedQuery,   // the X-Amz-* parameters of a presigned URL cannot be read
  MissingPayloadHash,
  HeadersNotSigned,  // Host, or an x-amz-* header that the request has, is not covered
  ClockSkew,
  NotYetValid,  // presigned for later
  Expired,      // presigned, and over
  Mismatch,
};

class Refused : public Error {
 public:
  Refused(Refusal refusal, std::string message)
      : Error(ErrorKind::Unauthenticated, std::move(message)), refusal_(refusal) {}
  Refusal refusal() const noexcept { return refusal_; }

 private:
  Refusal refusal_;
};

// What a request says about its signature. Not yet believed.
struct Presented {
  std::string access_key;
  std::string date;      // 20130524, of the scope
  Scope scope;           // any region is taken: it takes part in the signature, nothing hangs on it
  std::string amz_date;  // 20130524T000000Z
  TimePoint time;        // the same
  std::vector<std::string> signed_headers;  // lower case, in the order given
  std::string signature;                    // 64 lower-case hex digits
  std::string payload_hash;
  std::optional<std::chrono::seconds> life;  // set: a presigned URL
};

// Reads the Authorization header or the query of a presigned URL. Throws Refused: Anonymous,
// OtherMechanism, Malformed*, MissingPayloadHash.
Presented parse(const Message& message);

// Checks coverage, time and signature, in constant time where it matters. Throws Refused:
// HeadersNotSigned, ClockSkew, NotYetValid, Expired, Mismatch.
void verify(const Presented& presented, const Message& message, const Secret& secret_key,
            TimePoint now);

// The string that a mismatching client should compare with its own; holds no secret.
std::string canonical_request(const Message& message,
                              const std::vector<std::string>& signed_headers,
                              std::string_view payload_hash);
std::string string_to_sign(const Presented& presented, std::string_view canonical_request);
// The signature that a request with these properties must have. Compare in constant time.
std::string signature_of(const Presented& presented, const Message& message,
                         const Secret& secret_key);

// The chain of signatures of an aws-chunked body, for the sender (put it before the chunk) and for
// the receiver (compare it with what came). One object per body, chunks in order.
class ChunkSigner {
 public:
  // `amz_date` and `seed`: X-Amz-Date and the signature of the request.
  ChunkSigner(const Secret& secret_key, const Scope& scope, std::string amz_date, std::string seed);
  // The signature of the next chunk with this hex SHA-256; the last one is the empty chunk.
  std::string next(std::string_view chunk_sha256);
  // The signature of the trailer, after the empty chunk. `canonical` is "name:value\n" for each
  // trailing header, names in lower case.
  std::string trailer(std::string_view canonical);

 private:
  std::string sign(std::string_view algorithm, std::string_view tail);

  Secret key_;
  std::string scope_;
  std::string amz_date_;
  std::string previous_;
};

}  // namespace trainyard::objectstore::sigv4
