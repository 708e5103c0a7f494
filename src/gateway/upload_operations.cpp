#include <fmt/format.h>

#include <utility>

#include "base/ids.hpp"
#include "base/strings.hpp"
#include "gateway/object_headers.hpp"
#include "gateway/object_write.hpp"
#include "gateway/operations.hpp"
#include "gateway/s3_error.hpp"
#include "gateway/upload_rules.hpp"
#include "gateway/xml_requests.hpp"

namespace trainyard::gateway {
namespace {

constexpr std::size_t kUploadIdLength = 32;

struct ChecksumChoice {
  std::string algorithm, type;
};

// x-amz-checksum-algorithm and x-amz-checksum-type of a new upload.
ChecksumChoice checksum_choice(const Call& call) {
  const auto name = call.header("x-amz-checksum-algorithm");
  const auto type_text = call.header("x-amz-checksum-type");
  if (!name && !type_text) return {};
  const auto algorithm = algorithm_named(name.value_or(""));
  if (!algorithm) {
    throw S3Error(S3Code::InvalidRequest, "Checksum algorithm provided is unsupported.");
  }
  const bool crc64 = *algorithm == ChecksumAlgorithm::Crc64Nvme;
  const bool sha = *algorithm == ChecksumAlgorithm::Sha1 || *algorithm == ChecksumAlgorithm::Sha256;
  ChecksumType type = crc64 ? ChecksumType::FullObject : ChecksumType::Composite;
  if (type_text) {
    const auto given = type_named(*type_text);
    const bool possible = given && !(crc64 && *given == ChecksumType::Composite) &&
                          !(sha && *given == ChecksumType::FullObject);
    if (!possible) {
      throw S3Error(S3Code::InvalidRequest,
                    fmt::format("The {} checksum type cannot be used with the {} checksum "
                                "algorithm.",
                                printable(*type_text), name_of(*algorithm)));
    }
    type = *given;
  }
  return {std::string(name_of(*algorithm)), std::string(name_of(type))};
}

void check_algorithm(const Upload& upload, const Payload& payload) {
  const auto expected = algorithm_of(upload);
  if (!expected || !payload.algorithm() || *expected == *payload.algorithm()) return;
  throw S3Error(S3Code::InvalidRequest,
                fmt::format("Checksum Type mismatch occurred, expected checksum Type: {}, actual "
                            "checksum Type: {}",
                            name_of(*expected), name_of(*payload.algorithm())));
}

}  // namespace

Upload require_upload(const Call& call, db::Connection& db) {
  const Bucket bucket = require_bucket(db, call.resource.bucket);
  const std::string id = call.query("uploadId").value_or("");
  auto upload = find_upload(db, bucket, call.resource.key, id);
  if (!upload) throw S3Error(S3Code::NoSuchUpload, {}, {{"UploadId", printable(id)}});
  return *std::move(upload);
}

std::optional<ChecksumAlgorithm> algorithm_of(const Upload& upload) {
  return algorithm_named(upload.algorithm);
}

void commit_part(Call& call, NewPiece part) {
  Blobs freed;
  call.store.index.write([&](db::Connection& db) {
    const Upload upload = require_upload(call, db);
    freed = remove_piece(db, upload.content, part.piece.number);
    put_piece(db, upload.content, part.piece);
  });
  part.keep();
  call.store.graveyard.bury(freed);
}

http::Response create_upload(Call& call) {
  check_key(call.resource.key);
  refuse_unsupported(call.request.headers);
  const ChecksumChoice checksum = checksum_choice(call);
  Upload upload;
  upload.key = call.resource.key;
  upload.id = random_alphanumeric(kUploadIdLength);
  upload.started = call.now;
  upload.algorithm = checksum.algorithm;
  upload.type = checksum.type;
  upload.headers = to_text(stored_headers(call.request.headers));
  call.store.index.write([&](db::Connection& db) {
    const Bucket bucket = require_bucket(db, call.resource.bucket);
    upload.content = new_content(db);
    insert_upload(db, bucket, upload);
  });
  XmlWriter xml;
  xml.open("InitiateMultipartUploadResult", kS3Namespace);
  xml.element("Bucket", call.resource.bucket);
  xml.element("Key", upload.key);
  xml.element("UploadId", upload.id);
  xml.close();
  http::Response response = xml_answer(call, xml);
  if (!upload.algorithm.empty()) {
    response.headers.add("x-amz-checksum-algorithm", upload.algorithm);
    response.headers.add("x-amz-checksum-type", upload.type);
  }
  return response;
}

http::Response upload_part(Call& call) {
  const auto number = number_in_query(call, "partNumber", 1, int(kMaxParts));
  if (!number) throw S3Error(S3Code::InvalidArgument, "partNumber is missing");
  if (call.header("x-amz-copy-source")) return upload_part_copy(call);
  refuse_unsupported(call.request.headers);
  const Upload upload =
      call.store.index.read([&](db::Connection& db) { return require_upload(call, db); });
  Payload payload(call.request, call.caller);
  check_algorithm(upload, payload);
  payload.compute(algorithm_of(upload).value_or(kDefaultChecksum));
  payload.spare_md5();  // the ETag of what comes of parts is no MD5 of it anyway

  NewPiece part = receive(call, payload);
  part.piece.number = *number;
  http::Response response = answer(call);
  response.headers.add("ETag", quote_etag(part.piece.etag));
  if (const auto& checksum = payload.checksum()) {
    response.headers.add(std::string(header_of(checksum->algorithm)), checksum->value);
  }
  commit_part(call, std::move(part));
  return response;
}

http::Response abort_upload(Call& call) {
  Blobs freed;
  call.store.index.write([&](db::Connection& db) {
    const Bucket bucket = require_bucket(db, call.resource.bucket);
    const Upload upload = require_upload(call, db);
    freed = remove_pieces(db, upload.content);
    remove_upload(db, bucket, upload);
  });
  call.store.graveyard.bury(freed);
  return answer(call, 204);
}

}  // namespace trainyard::gateway
