#include "objectstore/s3_upload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "objectstore/block_checksums.hpp"
#include "objectstore/damaged.hpp"
#include "objectstore/etag.hpp"
#include "objectstore/object_headers.hpp"
#include "objectstore/sources.hpp"

namespace trainyard::objectstore::s3 {
namespace {

constexpr std::uint64_t kMostParts = 10'000;
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html: 48.8 TiB together.
constexpr std::uint64_t kLargestPart = std::uint64_t(5) << 30;

// A random number that the store keeps with the object which an upload makes. By it the object is
// known where ETags tell nothing.
constexpr const char* kUploadMark = "x-amz-meta-trainyard-upload";

// Of uploads for one object, when the store drops them before they end.
constexpr unsigned kMostBeginnings = 3;

RetryPolicy briefly(RetryPolicy policy) {
  policy.attempts = std::min(policy.attempts, 3u);
  return policy;
}

// Of an error of a request that names an upload.
bool is_gone(const StoreError& error) {
  return error.kind() == ErrorKind::NotFound && !error.foreign;
}

}  // namespace

std::uint64_t part_size_for(std::uint64_t size, std::uint64_t wanted) {
  const std::uint64_t least = size / kMostParts + (size % kMostParts != 0);
  if (least > kLargestPart) {
    throw Error(ErrorKind::TooLarge,
                fmt::format("{} are more than an S3 store takes as one object: {} parts of {} at "
                            "most; split the file",
                            format_bytes(size), kMostParts, format_bytes(kLargestPart)));
  }
  if (least <= wanted) return wanted;
  return std::min(in_checksum_blocks(least, size), kLargestPart);
}

struct Uploader::Plan {
  std::string key;
  Source& source;
  std::uint64_t part_size;
  std::string action = {};
  std::string upload_id = {};
  std::string mark = random_hex(16);
  std::vector<StoredBytes> parts = {};  // filled by the workers, each its own element
  // What the parts of this upload are proved by; the store's own once it took the CRC at all.
  LearnedProof only_md5 = Proof::Md5;
  LearnedProof* proof = &only_md5;
};

// What stands at the key.
struct Uploader::Found {
  ObjectInfo info;
  bool is_marked;  // as the plan's own
};

// What the store must make of the parts.
struct Uploader::Whole {
  explicit Whole(const Plan& plan);
  bool can_compare_checksums(const ObjectInfo& there) const {
    return checksum && there.checksum && there.checksum->algorithm == checksum->algorithm;
  }
  bool is(const ObjectInfo& there) const {
    if (can_compare_checksums(there)) return there.checksum->value == checksum->value;
    return there.etag == etag;
  }

  std::string etag;  // as most stores make it
  std::optional<Checksum> checksum;
};

// Where no MD5s were made, what the store's ETags of the parts make is that of the parts which it
// confirmed.
Uploader::Whole::Whole(const Plan& plan) {
  std::string md5s;
  std::vector<PartChecksum> crcs;
  for (std::size_t i = 0; i < plan.parts.size(); ++i) {
    const StoredBytes& part = plan.parts[i];
    const std::uint64_t size = std::min(plan.part_size, plan.source.size() - i * plan.part_size);
    md5s += part.md5.empty() ? from_hex(part.info.md5) : part.md5;
    if (!part.crc64.empty()) crcs.push_back({part.crc64, size});
  }
  etag = etag_of_parts(md5s);
  if (crcs.size() == plan.parts.size()) checksum = combine(kCrc64, ChecksumType::FullObject, crcs);
}

Uploader::Uploader(Client& client, Clock& clock)
    : client_(client),
      retrier_(client.options().retry, clock, client.options().retry_watch),
      tidier_(briefly(client.options().retry), clock, client.options().retry_watch),
      parts_(client.options().part_connections) {}

ObjectInfo Uploader::put(const std::string& key, Source& source, std::stop_token stop) {
  if (source.size() > client_.options().part_size) return put_in_parts(key, source, stop);
  Request request;
  request.action = "write '" + printable(key) + "'";
  request.key = key;
  request.stop = stop;
  ObjectInfo info = put_verified(client_, whole_proof_, request, source).info;
  info.size = source.size();
  return info;
}

ObjectInfo Uploader::put_in_parts(const std::string& key, Source& source, std::stop_token stop) {
  const std::string action = "write '" + printable(key) + "'";
  const std::uint64_t part_size = with_context(
      action, [&] { return part_size_for(source.size(), client_.options().part_size); });
  for (unsigned begun = 1;; ++begun) {
    Plan plan{.key = key, .source = source, .part_size = part_size, .action = action};
    plan.parts.resize((source.size() + plan.part_size - 1) / plan.part_size);
    begin(plan, stop);
    try {
      return put_parts(plan, stop);
    } catch (StoreError& error) {
      if (!is_gone(error)) throw;
      if (begun == kMostBeginnings) {
        error.add_context(fmt::format("begun {} times", begun));
        throw;
      }
      log::warn("{}; begun anew", error.what());
    }
  }
}

ObjectInfo Uploader::put_parts(Plan& plan, std::stop_token stop) {
  try {
    parts_.run(
        plan.parts.size(),
        [&](std::size_t index, std::stop_token token) { send_part(plan, index, token); }, stop);
    ObjectInfo info = complete(plan, stop);
    info.key = plan.key;
    info.size = plan.source.size();
    info.part_size = plan.part_size;
    return info;
  } catch (...) {
    abort(plan);
    throw;
  }
}

void Uploader::begin(Plan& plan, std::stop_token stop) {
  retrier_.run(
      [&] {
        const bool offer = parts_proof_ != Proof::Md5;
        std::optional<http::ClientResponse> response;
        try {
          response = begin_once(plan, offer, stop);
        } catch (const StoreError& error) {
          if (!offer || !may_be_about_checksums(error)) throw;
          response = begin_once(plan, false, stop);
        }
        plan.upload_id = parse_upload_id(response->body);
        const auto taken = response->headers.get("x-amz-checksum-algorithm");
        const bool takes_crc64 = taken && algorithm_named(*taken) == kCrc64;
        if (offer && !takes_crc64) parts_proof_ = Proof::Md5;
        if (takes_crc64) plan.proof = &parts_proof_;
      },
      stop);
}

http::ClientResponse Uploader::begin_once(const Plan& plan, bool with_crc64, std::stop_token stop) {
  Request request;
  request.action = "begin to write '" + printable(plan.key) + "'";
  request.method = "POST";
  request.key = plan.key;
  request.query = {{"uploads", ""}};
  request.headers.add(kUploadMark, plan.mark);
  if (with_crc64) {
    request.headers.add("x-amz-checksum-algorithm", std::string(name_of(kCrc64)));
    request.headers.add("x-amz-checksum-type", std::string(name_of(ChecksumType::FullObject)));
  }
  request.stop = std::move(stop);
  return client_.send(request);
}

void Uploader::send_part(Plan& plan, std::size_t index, std::stop_token stop) {
  const std::uint64_t offset = index * plan.part_size;
  SourceSlice slice(plan.source, offset, std::min(plan.part_size, plan.source.size() - offset));
  retrier_.run(
      [&] {
        Request request;
        request.action = plan.action;
        request.key = plan.key;
        request.query = {{"uploadId", plan.upload_id}, {"partNumber", std::to_string(index + 1)}};
        request.stop = stop;
        plan.parts[index] = put_verified(client_, *plan.proof, request, slice);
      },
      stop);
}

ObjectInfo Uploader::complete(const Plan& plan, std::stop_token stop) {
  const Whole whole(plan);
  std::optional<ObjectInfo> stored;
  bool asked_before = false;
  retrier_.run(
      [&] {
        // An answer may have been lost: then the upload is gone and the object is there.
        if (asked_before) stored = find_completed(plan, whole, stop);
        asked_before = true;
        if (!stored) stored = complete_or_find(plan, whole, stop);
      },
      stop);
  if (whole.is(*stored)) return *stored;
  // Some stores make other ETags. Each part was verified; what is left to check is the whole size.
  std::optional<Found> there;
  retrier_.run([&] { there = look(plan, stop); }, stop);
  const bool other = there && whole.can_compare_checksums(there->info) && !whole.is(there->info);
  if (!there || other || there->info.size != plan.source.size()) {
    throw Error(ErrorKind::Corrupt, "the store did not put the parts of '" + printable(plan.key) +
                                        "' together as they were sent");
  }
  return there->info;
}

// Who repeats the request out of our sight, as proxies do, loses the answer that it was done.
ObjectInfo Uploader::complete_or_find(const Plan& plan, const Whole& whole, std::stop_token stop) {
  try {
    return complete_once(plan, whole, stop);
  } catch (const StoreError& error) {
    if (!is_gone(error)) throw;
    if (auto there = find_if_readable(plan, whole, stop)) return *std::move(there);
    throw;
  }
}

// Keys that may write need not be ones that may read.
std::optional<ObjectInfo> Uploader::find_if_readable(const Plan& plan, const Whole& whole,
                                                     std::stop_token stop) {
  try {
    return find_completed(plan, whole, std::move(stop));
  } catch (const StoreError& error) {
    if (error.kind() != ErrorKind::Forbidden) throw;
    return std::nullopt;
  }
}

std::optional<ObjectInfo> Uploader::find_completed(const Plan& plan, const Whole& whole,
                                                   std::stop_token stop) {
  const auto there = look(plan, std::move(stop));
  if (!there) return std::nullopt;
  const bool same = there->info.size == plan.source.size() && whole.is(there->info);
  if (!same && !there->is_marked) return std::nullopt;
  return there->info;
}

ObjectInfo Uploader::complete_once(const Plan& plan, const Whole& whole, std::stop_token stop) {
  std::vector<SentPart> sent;
  for (const StoredBytes& part : plan.parts) {
    sent.push_back({part.info.etag, whole.checksum ? part.crc64 : std::string()});
  }
  const std::string xml = complete_upload_body(sent);
  const auto body = http::body_of(xml);
  Request request;
  request.action = plan.action;
  request.method = "POST";
  request.key = plan.key;
  request.query = {{"uploadId", plan.upload_id}};
  request.headers = {{"Content-Type", "application/xml"}};
  if (whole.checksum) {
    request.headers.add(std::string(header_of(kCrc64)), whole.checksum->value);
    request.headers.add("x-amz-checksum-type", std::string(name_of(ChecksumType::FullObject)));
  }
  request.body = body.get();
  request.payload_hash = to_hex(digest(Digest::Sha256, xml));
  request.fresh_connection = true;  // it is repeated only after a look
  request.success_may_hold_error = true;
  request.stop = std::move(stop);
  return parse_completed(client_.send(request).body);
}

std::optional<Uploader::Found> Uploader::look(const Plan& plan, std::stop_token stop) {
  Request request;
  request.action = "look at '" + printable(plan.key) + "'";
  request.method = "HEAD";
  request.key = plan.key;
  request.headers.add("x-amz-checksum-mode", "ENABLED");
  request.not_found_is_answer = true;
  request.stop = stop;
  const http::ClientResponse response = client_.send(request);
  if (response.status == 404) return std::nullopt;
  return Found{confirmed(object_info(plan.key, response.headers)),
               response.headers.get(kUploadMark) == plan.mark};
}

void Uploader::abort(const Plan& plan) noexcept {
  try {
    tidier_.run([&] { abort_once(plan.key, plan.upload_id); }, {});
  } catch (const std::exception& error) {
    log::warn("parts of an upload may remain: {}", error.what());
  }
}

void Uploader::abort_once(const std::string& key, const std::string& upload_id) {
  Request request;
  request.action = "abort the upload of '" + printable(key) + "'";
  request.method = "DELETE";
  request.key = key;
  request.query = {{"uploadId", upload_id}};
  request.not_found_is_answer = true;
  request.total_timeout = std::chrono::seconds(5);
  const http::ClientResponse response = client_.send(request);
  if (response.status == 200) throw_not_confirmed(key);  // S3 says 204
}

OpenUploads Uploader::list_open(const std::string& prefix, std::stop_token stop) {
  Request request;
  request.action = "list the unfinished uploads";
  request.query = {
      {"uploads", ""}, {"encoding-type", "url"}, {"max-uploads", "1000"}, {"prefix", prefix}};
  request.stop = std::move(stop);
  return parse_open_uploads(client_.send(request).body);
}

// What is aborted is not listed again: the next page is again the first.
std::uint64_t Uploader::discard_unfinished(const std::string& prefix, std::stop_token stop) {
  std::uint64_t discarded = 0;
  std::string first;
  while (true) {
    const OpenUploads open = list_open(prefix, stop);
    for (const auto& upload : open.uploads) {
      // A store that ignores the prefix must not cost others their uploads.
      if (!upload.key.starts_with(prefix)) continue;
      abort_once(upload.key, upload.id);
      ++discarded;
    }
    const bool moves = !open.uploads.empty() && open.uploads.front().id != first;
    if (!open.truncated || !moves) return discarded;
    first = open.uploads.front().id;
  }
}

}  // namespace trainyard::objectstore::s3
