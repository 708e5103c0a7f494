#pragma once
// One request to the store while it is handled, and what the operations share.
#include <optional>
#include <string>
#include <string_view>

#include "gateway/auth.hpp"
#include "gateway/checksums.hpp"
#include "gateway/index.hpp"
#include "gateway/names.hpp"
#include "gateway/store.hpp"
#include "gateway/xml.hpp"
#include "http/server.hpp"

namespace trainyard::gateway {

inline constexpr std::string_view kOwner = "trainyard";  // of every bucket and object

struct Call {
  Store& store;
  const std::string& region;
  http::Request& request;
  Caller caller;
  Resource resource;
  TimePoint now;

  std::optional<std::string> header(std::string_view name) const {
    return request.headers.get(name);
  }
  std::optional<std::string> query(std::string_view name) const { return request.query.get(name); }
};

// An operation answers or throws S3Error.
using Operation = http::Response (*)(Call& call);

// Throws S3Error NoSuchBucket.
Bucket require_bucket(db::Connection& db, const std::string& name);
// Throws S3Error NoSuchKey.
ObjectRecord require_object(db::Connection& db, const Bucket& bucket, const std::string& key);

http::Response answer(const Call& call, int status = 200);
http::Response xml_answer(const Call& call, XmlWriter& xml);

// ?encoding-type. Throws S3Error InvalidArgument.
KeyEncoding key_encoding(const Call& call);
// A count such as ?max-keys, 1000 at most and by default. Throws S3Error InvalidArgument.
std::size_t page_size(const Call& call, std::string_view name);
// A whole number such as ?partNumber within bounds; nullopt when it is not there. Throws S3Error
// InvalidArgument.
std::optional<int> number_in_query(const Call& call, std::string_view name, int first, int last);
// ?versionId: there are no versions, so only "null" may be named. Throws S3Error InvalidArgument.
void check_version(const std::optional<std::string>& version);

void add_checksum(http::Headers& headers, const std::optional<Checksum>& checksum);
void write_owner(XmlWriter& xml, std::string_view element);

}  // namespace trainyard::gateway
