#pragma once
#include <functional>
#include <string>

#include "http/client.hpp"
#include "objectstore/object_store.hpp"

namespace trainyard::objectstore {

// The store did not get the bytes that were hashed: Conflict when the source has changed since,
// else Unavailable, for the way damaged them. `md5` is raw.
[[noreturn]] void throw_damaged(Source& source, const std::string& md5, const std::string& key);

// What an answer says of an object. Throws Unavailable when it names no ETag: then something on the
// way answered in the store's place.
ObjectInfo confirmed(ObjectInfo info);
[[noreturn]] void throw_not_confirmed(const std::string& key);

// `send` puts `source`, whose MD5 goes along (`md5`, raw), to `key`: what the store then says of
// the object. Throws as throw_damaged() when the store got other bytes, and as confirmed().
ObjectInfo confirmed_put(Source& source, const std::string& md5, const std::string& key,
                         const std::function<http::ClientResponse()>& send);

}  // namespace trainyard::objectstore
