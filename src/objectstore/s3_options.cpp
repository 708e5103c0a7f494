#include <algorithm>

#include "base/error.hpp"
#include "base/strings.hpp"
#include "objectstore/s3_store.hpp"

namespace trainyard::objectstore {
namespace {

[[noreturn]] void refuse(const std::string& sentence) {
  throw Error(ErrorKind::InvalidInput, sentence);
}

void check_bucket(const std::string& bucket) {
  if (bucket.empty()) refuse("the bucket has no name");
  if (const std::size_t slash = bucket.find('/'); slash != bucket.npos) {
    refuse("the bucket name '" + printable(bucket) +
           "' has a '/' in it; give only the name, without s3:// and without a folder");
  }
  const bool readable = std::all_of(bucket.begin(), bucket.end(),
                                    [](unsigned char c) { return c > 0x20 && c < 0x7f; });
  if (!readable || bucket.size() > 255) {
    refuse("'" + printable(bucket) + "' cannot be the name of a bucket");
  }
}

void check_keys(const model::S3Connection& connection) {
  if (connection.access_key_id.empty() != connection.secret_access_key.empty()) {
    refuse(connection.access_key_id.empty() ? "there is a secret access key and no access key id"
                                            : "there is an access key id and no secret access key");
  }
  const auto blank = [](unsigned char c) { return c <= 0x20 || c == 0x7f; };
  const std::string& id = connection.access_key_id;
  if (std::any_of(id.begin(), id.end(), blank)) {
    refuse("the access key id '" + printable(id) + "' has a blank in it");
  }
  const std::string& secret = connection.secret_access_key.reveal();
  if (std::any_of(secret.begin(), secret.end(), blank)) {
    refuse("the secret access key of '" + id + "' has a blank or a line end in it");
  }
}

// RFC 1123 label of 3 to 63 characters: no dot, which would break the certificate's wildcard.
bool can_be_host(const std::string& bucket) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return bucket.size() >= 3 && bucket.size() <= 63 && bucket.front() != '-' &&
         bucket.back() != '-' && std::all_of(bucket.begin(), bucket.end(), fits);
}

bool is_known(const std::string& host) {
  const KnownHost known = known_host(host);
  return known.aws || !known.region.empty();
}

// People paste the address of the bucket where that of the service belongs. How the bucket is
// addressed when the service is not one that is known: as the endpoint has it.
Addressing take_bucket_off(Endpoint& endpoint, const std::string& bucket) {
  if (endpoint.path == "/" + percent_encode(bucket)) {
    endpoint.path.clear();
    return Addressing::Path;
  }
  const std::string label = bucket + ".";
  // A bucket may be called "s3".
  if (!endpoint.host.starts_with(label) || is_known(endpoint.host)) return Addressing::Path;
  endpoint.host.erase(0, label.size());
  return is_known(endpoint.host) ? Addressing::Path : Addressing::VirtualHost;
}

}  // namespace

S3Options s3_options(const model::S3Connection& connection, const std::string& bucket) {
  check_bucket(bucket);
  check_keys(connection);
  S3Options options;
  options.endpoint = parse_endpoint(connection.endpoint_url);
  options.addressing = take_bucket_off(options.endpoint, bucket);
  options.bucket = bucket;
  options.access_key_id = connection.access_key_id;
  options.secret_access_key = connection.secret_access_key;
  const KnownHost known = known_host(options.endpoint.host);
  options.region = !connection.region.empty() ? connection.region
                   : !known.region.empty()    ? known.region
                                              : "us-east-1";
  if (known.aws && can_be_host(bucket)) options.addressing = Addressing::VirtualHost;
  return options;
}

}  // namespace trainyard::objectstore
