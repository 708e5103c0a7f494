#include "objectstore/damaged.hpp"

#include "base/error.hpp"
#include "base/strings.hpp"
#include "objectstore/object_headers.hpp"
#include "objectstore/retry.hpp"

namespace trainyard::objectstore {

void throw_damaged(const std::string& key, const SourceChanged& changed) {
  if (changed()) {
    throw Error(ErrorKind::Conflict,
                "the source of '" + printable(key) + "' changed while it was read");
  }
  throw Error(ErrorKind::Unavailable,
              "the bytes of '" + printable(key) + "' were damaged on their way to the store");
}

ObjectInfo confirmed(ObjectInfo info) {
  if (info.etag.empty()) throw_not_confirmed(info.key);
  return info;
}

ObjectInfo confirmed_by_any(ObjectInfo info, const http::Headers& headers) {
  if (!info.etag.empty() || headers.get("x-amz-request-id")) return info;
  throw Error(ErrorKind::Unavailable, "the answer about '" + printable(info.key) +
                                          "' is not one of an object store: it has no ETag and no "
                                          "x-amz-request-id");
}

void throw_not_confirmed(const std::string& key) {
  throw Error(ErrorKind::Unavailable,
              "the answer about '" + printable(key) + "' is not one of an object store");
}

ObjectInfo confirmed_put(const std::string& key, const std::function<http::ClientResponse()>& send,
                         const SourceChanged& changed) {
  http::ClientResponse response;
  try {
    response = send();
  } catch (const StoreError& error) {
    if (error.damaged) throw_damaged(key, changed);
    throw;
  }
  return confirmed(object_info(key, response.headers));
}

}  // namespace trainyard::objectstore
