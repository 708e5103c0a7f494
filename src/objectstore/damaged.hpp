#pragma once
#include <functional>
#include <string>

#include "http/client.hpp"
#include "objectstore/object_store.hpp"

namespace trainyard::objectstore {

// Whether a source has other bytes now than when it was hashed for its upload.
using SourceChanged = std::function<bool()>;

// The store did not get the bytes that were hashed: Conflict when the source has changed since,
// else Unavailable, for the way damaged them.
[[noreturn]] void throw_damaged(const std::string& key, const SourceChanged& changed);

// What an answer says of an object. Throws Unavailable when it names no ETag: then something on the
// way answered in the store's place.
ObjectInfo confirmed(ObjectInfo info);
// As confirmed(), where the store may give its objects no ETags: the id that S3 gives a request, in
// the `headers` of the answer, shows as well whose that is.
ObjectInfo confirmed_by_any(ObjectInfo info, const http::Headers& headers);
[[noreturn]] void throw_not_confirmed(const std::string& key);

// `send` puts a source, and what it was hashed to, to `key`: what the store then says of the
// object. Throws as throw_damaged() when the store got other bytes, and as confirmed().
ObjectInfo confirmed_put(const std::string& key, const std::function<http::ClientResponse()>& send,
                         const SourceChanged& changed);

}  // namespace trainyard::objectstore
