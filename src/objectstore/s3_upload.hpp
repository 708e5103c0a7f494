#pragma once
// Upload of one source: in one request, or in parts that are sent again alone.
#include <stop_token>
#include <string>

#include "objectstore/part_runner.hpp"
#include "objectstore/retry.hpp"
#include "objectstore/s3_client.hpp"
#include "objectstore/s3_put.hpp"
#include "objectstore/s3_xml.hpp"

namespace trainyard::objectstore::s3 {

// Thread-safe: uploads of several threads share the budget of part connections.
class Uploader {
 public:
  Uploader(Client& client, Clock& clock);
  // Verified by the store and by its answer: by a CRC-64/NVME where the store takes one, which the
  // first upload finds out, else by an MD5 and the ETag. Throws TooLarge, before the first byte,
  // for what no S3 store takes as one object, and Conflict when the source changed meanwhile. An
  // upload in parts that is gone at the store before it ends, by whatever hand, is begun anew,
  // twice at most; then that is NotFound. One that fails is aborted, so that no parts remain; when
  // the answer that named it was lost, they do until discard_unfinished().
  ObjectInfo put(const std::string& key, Source& source, std::stop_token stop);
  // ObjectStore::discard_unfinished().
  std::uint64_t discard_unfinished(const std::string& prefix, std::stop_token stop);

 private:
  struct Plan;
  struct Found;
  struct Whole;
  ObjectInfo put_in_parts(const std::string& key, Source& source, std::stop_token stop);
  ObjectInfo put_parts(Plan& plan, std::stop_token stop);
  void begin(Plan& plan, std::stop_token stop);
  http::ClientResponse begin_once(const Plan& plan, bool with_crc64, std::stop_token stop);
  void send_part(Plan& plan, std::size_t index, std::stop_token stop);
  ObjectInfo complete(const Plan& plan, std::stop_token stop);
  ObjectInfo complete_or_find(const Plan& plan, const Whole& whole, std::stop_token stop);
  // The object at the key, if the upload made it or it is what the parts make.
  std::optional<ObjectInfo> find_completed(const Plan& plan, const Whole& whole,
                                           std::stop_token stop);
  std::optional<ObjectInfo> find_if_readable(const Plan& plan, const Whole& whole,
                                             std::stop_token stop);
  ObjectInfo complete_once(const Plan& plan, const Whole& whole, std::stop_token stop);
  std::optional<Found> look(const Plan& plan, std::stop_token stop);
  void abort(const Plan& plan) noexcept;
  OpenUploads list_open(const std::string& prefix, std::stop_token stop);
  void abort_once(const std::string& key, const std::string& upload_id);

  Client& client_;
  Retrier retrier_;
  Retrier tidier_;  // soon gives up
  PartRunner parts_;
  LearnedProof whole_proof_{Proof::Both};  // of objects in one request
  LearnedProof parts_proof_{Proof::Both};  // of the parts of others
};

// The part size for a source of `size` bytes: `wanted`, or the next multiple of its
// checksum_block() with which 10,000 parts do. Throws TooLarge when they would have to be larger
// than 5 GiB each.
std::uint64_t part_size_for(std::uint64_t size, std::uint64_t wanted);

}  // namespace trainyard::objectstore::s3
