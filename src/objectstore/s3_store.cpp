#include "objectstore/s3_store.hpp"

#include <atomic>
#include <optional>
#include <utility>

#include "base/strings.hpp"
#include "objectstore/damaged.hpp"
#include "objectstore/etag.hpp"
#include "objectstore/object_headers.hpp"
#include "objectstore/s3_client.hpp"
#include "objectstore/s3_upload.hpp"
#include "objectstore/s3_xml.hpp"

namespace trainyard::objectstore {
namespace {

// A continuation of ours says how it goes on: a token of version 2, or a key of version 1.
constexpr std::string_view kToken = "token:";
constexpr std::string_view kMarker = "after:";

class S3Store final : public ObjectStore {
 public:
  S3Store(S3Options options, std::shared_ptr<http::Client> http, Clock& clock)
      : client_(std::move(options), std::move(http), clock), uploader_(client_, clock) {}

  const std::string& description() const override { return client_.description(); }

  std::optional<ObjectInfo> head(const std::string& key, std::stop_token stop) override {
    auto response = look(key, {}, stop);
    if (!response) return std::nullopt;
    ObjectInfo info = confirmed_by_any(object_info(key, *response), *response);
    // One proof is enough: the size of the parts is asked for when there is no checksum.
    const bool in_parts = info.etag.find('-') != info.etag.npos;
    if (in_parts && !info.checksum) info.part_size = part_size_of(info, stop);
    return info;
  }

  ObjectInfo get(const std::string& key, const std::optional<ByteRange>& range,
                 const std::string& if_match, const Sink& sink, std::stop_token stop) override {
    if (if_match.empty() || weak_etags_) return read(key, range, if_match, {}, sink, stop);
    try {
      return read(key, range, if_match, "\"" + if_match + "\"", sink, stop);
    } catch (const StoreError& error) {
      if (error.kind() != ErrorKind::Conflict || !is_weak(key, if_match, stop)) throw;
    }
    weak_etags_ = true;
    return read(key, range, if_match, {}, sink, stop);
  }

  ObjectInfo put(const std::string& key, Source& source, std::stop_token stop) override {
    return uploader_.put(key, source, stop);
  }

  ListPage list(const std::string& prefix, const std::string& continuation,
                std::stop_token stop) override {
    const bool old = only_version1_ || continuation.starts_with(kMarker);
    if (old) return list_version1(prefix, continuation, stop);
    try {
      ListPage page = list_version2(prefix, continuation, stop);
      proven_ = true;
      return page;
    } catch (const StoreError& error) {
      // 501, 400 or 405, as stores put it that do not know list-type.
      const bool may_be_old =
          error.kind() == ErrorKind::Unsupported || error.kind() == ErrorKind::InvalidInput;
      if (!may_be_old || proven_ || !continuation.empty()) throw;
      return list_as_old(prefix, error, stop);
    }
  }

  void remove(const std::string& key, std::stop_token stop) override {
    s3::Request request;
    request.action = "remove '" + printable(key) + "'";
    request.method = "DELETE";
    request.key = key;
    request.not_found_is_answer = true;
    request.stop = stop;
    const http::ClientResponse response = client_.send(request);
    if (response.status == 200 && !response.headers.get("x-amz-request-id")) {
      throw_not_confirmed(key);
    }
  }

  std::uint64_t discard_unfinished(const std::string& prefix, std::stop_token stop) override {
    return uploader_.discard_unfinished(prefix, stop);
  }

 private:
  using Query = std::vector<std::pair<std::string, std::string>>;

  // The answer must be of the ETag `if_match`, also where `condition` asks the store for nothing.
  ObjectInfo read(const std::string& key, const std::optional<ByteRange>& range,
                  const std::string& if_match, const std::string& condition, const Sink& sink,
                  std::stop_token stop) {
    Delivery delivery(key, range, if_match);
    s3::Request request;
    request.action = "read '" + printable(key) + "'";
    request.key = key;
    if (range) {
      request.headers.add("Range", range_header(*range));
    } else {
      request.headers.add("x-amz-checksum-mode", "ENABLED");
    }
    if (!condition.empty()) request.headers.add("If-Match", condition);
    request.stop = stop;
    return deliver(client_, request, delivery, sink);
  }

  // No If-Match holds for a weak ETag (RFC 9110, 13.1.1), which some stores and proxies give.
  bool is_weak(const std::string& key, const std::string& etag, std::stop_token stop) {
    const auto headers = look(key, {}, stop);
    const std::string there = headers ? headers->get("ETag").value_or("") : "";
    return there.starts_with("W/") && without_quotes(there) == etag;
  }

  std::optional<http::Headers> look(const std::string& key, Query query, std::stop_token stop) {
    s3::Request request;
    request.action = "look at '" + printable(key) + "'";
    request.method = "HEAD";
    request.key = key;
    request.query = std::move(query);
    request.headers.add("x-amz-checksum-mode", "ENABLED");
    request.not_found_is_answer = true;
    request.stop = stop;
    const http::ClientResponse response = client_.send(request);
    if (response.status == 404) return std::nullopt;
    return response.headers;
  }

  // What all parts but the last have; 0 when they differ or the store cannot tell: then the ETag
  // cannot be checked. The first and the last part are looked at.
  std::uint64_t part_size_of(const ObjectInfo& object, std::stop_token stop) {
    const std::string& key = object.key;
    const auto first = part_of(key, 1, stop);
    if (!first || first->bytes == 0 || first->of != parts_of_etag(object.etag)) return 0;
    const std::uint64_t before = first->bytes * (first->of - 1);
    if (before >= object.size || object.size - before > first->bytes) return 0;
    const auto last = first->of == 1 ? first : part_of(key, first->of, stop);
    return last && last->bytes == object.size - before ? first->bytes : 0;
  }

  struct Part {
    std::uint64_t bytes, of;
  };
  std::optional<Part> part_of(const std::string& key, std::uint64_t number, std::stop_token stop) {
    try {
      const auto part = look(key, {{"partNumber", std::to_string(number)}}, stop);
      const auto of = part ? part->get("x-amz-mp-parts-count") : std::nullopt;
      if (!of) return std::nullopt;
      return Part{parse_u64(part->get("Content-Length").value_or("")).value_or(0),
                  parse_u64(*of).value_or(0)};
    } catch (const StoreError& error) {
      if (error.retryable() || error.kind() == ErrorKind::Canceled) throw;
      return std::nullopt;
    }
  }

  s3::Listing list_page(Query query, const std::string& prefix, std::stop_token stop) {
    s3::Request request;
    request.action = "list the objects";
    query.emplace_back("encoding-type", "url");
    query.emplace_back("max-keys", "1000");
    query.emplace_back("prefix", prefix);
    request.query = std::move(query);
    request.stop = stop;
    const http::ClientResponse response = client_.send(request);
    return with_context("list " + client_.description(), [&] {
      const std::optional<Plus> known = plus_;
      s3::Listing listing = s3::parse_listing(response.body, known.value_or(Plus::Space));
      if (known || listing.with_plus.empty()) return listing;
      const Plus plus = listing.plus ? *listing.plus : meaning_of_plus(listing.with_plus, stop);
      plus_ = plus;
      return plus == Plus::Space ? listing : s3::parse_listing(response.body, plus);
    });
  }

  // What there is an object of, of the two that the key in a listing can mean.
  Plus meaning_of_plus(const std::string& encoded, std::stop_token stop) {
    const auto exists = [&](Plus plus) {
      const auto key = percent_decode(encoded, plus);
      return key && look(*key, {}, stop).has_value();
    };
    try {
      return !exists(Plus::Space) && exists(Plus::Literal) ? Plus::Literal : Plus::Space;
    } catch (const StoreError& error) {
      if (error.retryable() || error.kind() == ErrorKind::Canceled) throw;
      return Plus::Space;  // one may list, and not read
    }
  }

  ListPage list_version2(const std::string& prefix, const std::string& continuation,
                         std::stop_token stop) {
    Query query{{"list-type", "2"}};
    if (!continuation.empty()) {
      query.emplace_back("continuation-token", continuation.substr(kToken.size()));
    }
    s3::Listing listing = list_page(std::move(query), prefix, stop);
    // A store that only knows version 1 ignores list-type.
    if (!listing.version2) return page_of_version1(std::move(listing));
    ListPage page{std::move(listing.objects), {}};
    if (listing.truncated) page.next = std::string(kToken) + listing.continuation;
    return page;
  }

  ListPage list_version1(const std::string& prefix, const std::string& continuation,
                         std::stop_token stop) {
    Query query;
    if (!continuation.empty()) query.emplace_back("marker", continuation.substr(kMarker.size()));
    return page_of_version1(list_page(std::move(query), prefix, stop));
  }

  // The first page of a store that refused version 2. When it is not for the version, what it said
  // first is the error.
  ListPage list_as_old(const std::string& prefix, const StoreError& refusal, std::stop_token stop) {
    try {
      ListPage page = list_version1(prefix, {}, stop);
      only_version1_ = true;
      return page;
    } catch (const Error& error) {
      if (error.retryable() || error.kind() == ErrorKind::Canceled) throw;
      throw refusal;
    }
  }

  // NextMarker is missing at some stores and wrongly encoded at others; the last key is always
  // right.
  static ListPage page_of_version1(s3::Listing listing) {
    ListPage page{std::move(listing.objects), {}};
    if (!listing.truncated) return page;
    if (page.objects.empty()) {
      throw Error(ErrorKind::Corrupt, "the store's listing goes on after a page without a key");
    }
    page.next = std::string(kMarker) + page.objects.back().key;
    return page;
  }

  s3::Client client_;
  s3::Uploader uploader_;
  std::atomic<bool> only_version1_{false}, proven_{false}, weak_etags_{false};
  std::atomic<std::optional<Plus>> plus_{};  // in the keys of listings, once it had to be found out
};

}  // namespace

std::unique_ptr<ObjectStore> open_s3(S3Options options, std::shared_ptr<http::Client> client,
                                     Clock& clock) {
  return std::make_unique<S3Store>(std::move(options), std::move(client), clock);
}

}  // namespace trainyard::objectstore
