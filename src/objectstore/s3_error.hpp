#pragma once
// From an S3 store's refusal to an Error whose sentence says what is wrong and what to do. Pure.
#include <optional>
#include <string>

#include "http/client.hpp"
#include "objectstore/retry.hpp"
#include "objectstore/s3_xml.hpp"

namespace trainyard::objectstore::s3 {

// What was asked, for the sentence.
struct Attempt {
  std::string action;  // "list the bucket", "read 'a/b'"
  std::string bucket;
  std::string endpoint;       // url
  std::string access_key_id;  // empty: anonymous
  std::string region;         // that the request was signed for
  bool of_bucket = false;     // and not of an object in it
};

struct Refusal {
  int status = 0;
  ErrorBody body;      // code filled from the status when the answer had none
  bool is_s3 = true;   // false: the answer is not of an S3 store at all (a web page)
  bool is_own = true;  // false: nothing shows that it is (an empty answer)
  std::string content_type;
  std::optional<Milliseconds> retry_after;
  std::string location;  // of a redirect
};

Refusal read_refusal(const http::ClientResponse& response);
StoreError to_error(const Refusal& refusal, const Attempt& attempt);

}  // namespace trainyard::objectstore::s3
