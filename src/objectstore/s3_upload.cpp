#include "objectstore/s3_upload.hpp"

#include <algorithm>
#include <vector>

#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "objectstore/damaged.hpp"
#include "objectstore/object_headers.hpp"
#include "objectstore/s3_xml.hpp"
#include "objectstore/source_body.hpp"
#include "objectstore/sources.hpp"

namespace trainyard::objectstore::s3 {
namespace {

constexpr std::uint64_t kMostParts = 10'000;
constexpr std::uint64_t kMiB = 1u << 20;

struct Put {
  std::string etag;
  std::string md5;  // raw
};

RetryPolicy briefly(RetryPolicy policy) {
  policy.attempts = std::min(policy.attempts, 3u);
  return policy;
}

// Sends the source to the request's place.
Put put_verified(Client& client, Request& request, Source& source) {
  const std::string md5 = md5_of(source);
  SourceBody body(source);
  request.method = "PUT";
  request.body = &body;
  request.headers.set("Content-MD5", base64_encode(md5));
  const ObjectInfo stored =
      confirmed_put(source, md5, *request.key, [&] { return client.send(request); });
  if (!stored.md5.empty() && stored.md5 != to_hex(md5)) throw_damaged(source, md5, *request.key);
  return {stored.etag, md5};
}

}  // namespace

std::uint64_t part_size_for(std::uint64_t size, std::uint64_t wanted) {
  const std::uint64_t least = (size + kMostParts - 1) / kMostParts;
  if (least <= wanted) return wanted;
  return (least + kMiB - 1) / kMiB * kMiB;
}

struct Uploader::Part : Put {};

struct Uploader::Plan {
  std::string key;
  std::string action;
  std::string upload_id;
  Source& source;
  std::uint64_t part_size;
  std::vector<Part> parts;  // filled by the workers, each its own element
};

Uploader::Uploader(Client& client, Clock& clock)
    : client_(client),
      retrier_(client.options().retry, clock),
      tidier_(briefly(client.options().retry), clock),
      parts_(client.options().part_connections) {}

ObjectInfo Uploader::put(const std::string& key, Source& source, std::stop_token stop) {
  if (source.size() > client_.options().part_size) return put_in_parts(key, source, stop);
  Request request;
  request.action = "write '" + printable(key) + "'";
  request.key = key;
  request.stop = stop;
  const Put stored = put_verified(client_, request, source);
  return {key, source.size(), stored.etag, to_hex(stored.md5), 0};
}

ObjectInfo Uploader::put_in_parts(const std::string& key, Source& source, std::stop_token stop) {
  const std::uint64_t part_size = part_size_for(source.size(), client_.options().part_size);
  Plan plan{key, "write '" + printable(key) + "'", begin(key, stop), source, part_size, {}};
  plan.parts.resize((source.size() + part_size - 1) / part_size);
  try {
    parts_.run(
        plan.parts.size(),
        [&](std::size_t index, std::stop_token token) { send_part(plan, index, token); }, stop);
    const std::string etag = complete(plan, stop);
    return {key, source.size(), etag, {}, part_size};
  } catch (...) {
    abort(plan);
    throw;
  }
}

std::string Uploader::begin(const std::string& key, std::stop_token stop) {
  std::string id;
  retrier_.run(
      [&] {
        Request request;
        request.action = "begin to write '" + printable(key) + "'";
        request.method = "POST";
        request.key = key;
        request.query = {{"uploads", ""}};
        request.stop = stop;
        id = parse_upload_id(client_.send(request).body);
      },
      stop);
  return id;
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
        plan.parts[index] = {put_verified(client_, request, slice)};
      },
      stop);
}

std::string Uploader::complete(const Plan& plan, std::stop_token stop) {
  std::string md5s;
  std::vector<std::string> etags;
  for (const Part& part : plan.parts) {
    md5s += part.md5;
    etags.push_back(part.etag);
  }
  const std::string expected =
      to_hex(digest(Digest::Md5, md5s)) + "-" + std::to_string(plan.parts.size());
  const std::string xml = complete_upload_body(etags);
  std::string etag;
  bool asked_before = false;
  retrier_.run(
      [&] {
        // An answer may have been lost: then the upload is gone and the object is there.
        if (asked_before) {
          const auto there = look(plan, stop);
          if (there && there->etag == expected) return void(etag = expected);
        }
        asked_before = true;
        const auto body = http::body_of(xml);
        Request request;
        request.action = plan.action;
        request.method = "POST";
        request.key = plan.key;
        request.query = {{"uploadId", plan.upload_id}};
        request.headers = {{"Content-Type", "application/xml"}};
        request.body = body.get();
        request.payload_hash = to_hex(digest(Digest::Sha256, xml));
        request.success_may_hold_error = true;
        request.stop = stop;
        etag = parse_completed_etag(client_.send(request).body);
      },
      stop);
  if (etag == expected) return etag;
  // Some stores make other ETags. Each part was verified; what is left to check is the whole size.
  std::optional<ObjectInfo> there;
  retrier_.run([&] { there = look(plan, stop); }, stop);
  if (!there || there->size != plan.source.size()) {
    throw Error(ErrorKind::Corrupt, "the store did not put the parts of '" + printable(plan.key) +
                                        "' together as they were sent");
  }
  return there->etag;
}

std::optional<ObjectInfo> Uploader::look(const Plan& plan, std::stop_token stop) {
  Request request;
  request.action = "look at '" + printable(plan.key) + "'";
  request.method = "HEAD";
  request.key = plan.key;
  request.not_found_is_answer = true;
  request.stop = stop;
  const http::ClientResponse response = client_.send(request);
  if (response.status == 404) return std::nullopt;
  return confirmed(object_info(plan.key, response.headers));
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
