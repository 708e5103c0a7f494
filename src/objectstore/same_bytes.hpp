#pragma once
#include <stop_token>

#include "objectstore/object_store.hpp"

namespace trainyard::objectstore {

// Whether `object`, as `store` listed it, has the bytes of `source`: by the checksum of the whole
// where the store keeps one, which costs a HEAD, else by its ETag. False where neither can tell.
bool has_bytes_of(Source& source, const ObjectInfo& object, ObjectStore& store,
                  std::stop_token stop);

}  // namespace trainyard::objectstore
