#pragma once
// Upload of one source to Swift: in one request, or as a static large object of segments that are
// sent again alone.
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "objectstore/part_runner.hpp"
#include "objectstore/retry.hpp"
#include "objectstore/swift_client.hpp"
#include "objectstore/swift_listing.hpp"

namespace trainyard::objectstore::swift {

// Thread-safe.
class Uploader {
 public:
  Uploader(Client& client, Clock& clock);
  // Verified by the store (an ETag goes along) and by the ETag that it answers with. Throws
  // Conflict when the source changed meanwhile. Segments of an upload that fails are removed, but
  // not once the object may stand on them; remove_unused_segments() finds those. Uploads of one key
  // may overlap: the object is one of them, whole. Throws TooLarge, before the first byte, for what
  // the server cannot take.
  ObjectInfo put(const std::string& key, Source& source, std::stop_token stop);

 private:
  std::optional<std::uint64_t> segment_size(const Source& source, std::stop_token stop);
  ObjectInfo put_in_segments(const std::string& key, Source& source, std::uint64_t size,
                             std::stop_token stop);
  ObjectInfo complete(const std::string& key, std::uint64_t size,
                      const std::vector<Segment>& segments, std::stop_token stop);
  // The ETag that the store answers with.
  std::string send_manifest(const std::string& key, const std::string& manifest,
                            std::stop_token stop);
  std::optional<ObjectInfo> look(const std::string& key, std::stop_token stop);

  Client& client_;
  Retrier retrier_;
  PartRunner segments_;
};

}  // namespace trainyard::objectstore::swift
