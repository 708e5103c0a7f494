#pragma once
// An S3 service inside the test program, behind the HTTP client's interface: one bucket, signatures
// checked, faults by script. Its code is in fake_s3_test.cpp.
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/sync.hpp"
#include "http/client.hpp"
#include "objectstore/retry.hpp"
#include "objectstore/s3_store.hpp"

namespace trainyard::objectstore {

struct Fault {
  std::optional<int> status = {};  // this answer instead of the real one
  std::string body = {};
  http::Headers headers = {};
  std::optional<std::uint64_t> cut_after = {};  // the answer's body breaks off here
  bool without_length = false;  // half of the body, and nothing says that there is more
  bool reset_before = false;    // nothing is done, the connection breaks
  bool reset_after = false;     // it is done, and then the connection breaks without an answer
  bool corrupt_answer = false;
  bool corrupt_upload = false;
  // Of FaultyClient and FaultProxy:
  bool truncate = false;  // half of the body, with a Content-Length that fits
  bool time_out = false;  // nothing is done, and nothing is answered
  // Of FaultProxy only:
  bool reset_inside = false;           // the connection breaks in the middle of the request's body
  bool cut_head = false;               // it is done, and the head of the answer breaks off
  std::chrono::milliseconds delay{0};  // before the answer

  // It takes part in what goes wrong.
  bool involves_the_server() const {
    return !status && !reset_before && !time_out && delay.count() == 0;
  }
};

class FakeS3 final : public http::Client {
 public:
  struct Options {
    std::string bucket = "mnist";
    std::string region = "us-east-1";
    bool checks_region = false;  // as AWS and Swift do
    bool is_public = false;      // also takes requests without a signature
    bool version2 = true;        // ListObjectsV2; else list-type is ignored
    bool refuses_version2 = false;
    bool url_encodes = true;
    // A blank in a listing: '+', and a '+' as "%2B"; or "%20", and a '+' as it is.
    bool blank_is_plus = false, keeps_plus = false;
    bool etags = true;         // else there are none, not even of an answer
    bool request_ids = false;  // x-amz-request-id
    bool kms = false;          // ETags that look like MD5s and are not
    bool tells_parts = true;   // HEAD ?partNumber=1
    bool checksums = false;    // keeps a CRC-64/NVME of every object, as AWS does
    bool only_lists_checksums = false;
    bool refuses_checksums = false;           // a request that says something of one
    std::set<std::string> listed_empty = {};  // keys, as Ceph's dynamic large objects are
    std::size_t page = 1000;
    TimePoint now = TimePoint(std::chrono::hours(24 * 365 * 50));
  };
  FakeS3() : FakeS3(Options()) {}
  explicit FakeS3(Options options) : options_(std::move(options)) {}

  // Asked before each request with its number from 1.
  std::function<std::optional<Fault>(const http::ClientRequest&, unsigned)> script;

  http::ClientResponse send(const http::ClientRequest& request) override;

  void put(const std::string& key, std::string bytes, std::string etag = {});
  void put_in_parts(const std::string& key, const std::vector<std::string>& parts);
  std::string bytes_of(const std::string& key);
  std::size_t open_uploads();
  std::vector<std::string> requests();  // "GET /mnist/key?query"
  // What each that puts bytes was proved by: "md5", "crc", "md5 crc", "".
  std::vector<std::string> proofs();
  Options& options() { return options_; }

 private:
  struct Object {
    std::string bytes, etag;
    std::vector<std::uint64_t> part_sizes;
  };
  static Object join(const std::vector<std::string>& parts);
  struct Upload {
    std::string key;
    std::map<unsigned, Object> parts;
  };
  struct State {
    std::map<std::string, Object> objects;
    std::map<std::string, Upload> uploads;
    std::vector<std::string> requests, proofs;
    unsigned next_upload = 1;
  };
  struct Target;
  struct Answer;

  Answer answer(const http::ClientRequest& request, const Target& target, std::string body);
  std::optional<Answer> refuse(const http::ClientRequest& request, const Target& target);
  Answer list(State& state, const Target& target);
  Answer read(State& state, const http::ClientRequest& request, const Target& target);
  Answer write(State& state, const http::ClientRequest& request, const Target& target,
               std::string body);
  Answer upload(State& state, const http::ClientRequest& request, const Target& target,
                const std::string& body);

  Options options_;
  Sync<State> state_;
};

// A store on the fake, without retries unless asked for.
struct FakeS3Store {
  explicit FakeS3Store(FakeS3::Options options = {}, std::string secret = "wJalrXUtnFEMI");
  S3Options store_options() const;
  std::unique_ptr<ObjectStore> open(S3Options options);

  std::shared_ptr<FakeS3> server;
  std::string secret;
  ManualClock clock;
};

}  // namespace trainyard::objectstore
