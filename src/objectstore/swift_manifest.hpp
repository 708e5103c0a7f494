#pragma once
// What a large object of Swift is made of.
#include <stop_token>
#include <vector>

#include "http/message.hpp"
#include "objectstore/object_store.hpp"
#include "objectstore/swift_client.hpp"

namespace trainyard::objectstore::swift {

// The segments of `object`, as HEAD described it with `headers`, in order: of a static large object
// those of its manifest, nested ones resolved; of a dynamic one what its container lists. A range
// of a segment has no MD5. Empty: it is no large object; or what can be read of its segments does
// not make its ETag and its size, or may not be read. Throws what is worth another try.
std::vector<ObjectSegment> segments_of(Client& client, const ObjectInfo& object,
                                       const http::Headers& headers, std::stop_token stop);

}  // namespace trainyard::objectstore::swift
