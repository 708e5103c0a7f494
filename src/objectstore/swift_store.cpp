#include "objectstore/swift_store.hpp"

#include <utility>
#include <vector>

#include "base/strings.hpp"
#include "objectstore/damaged.hpp"
#include "objectstore/object_headers.hpp"
#include "objectstore/swift_client.hpp"
#include "objectstore/swift_listing.hpp"
#include "objectstore/swift_manifest.hpp"
#include "objectstore/swift_segments.hpp"
#include "objectstore/swift_session.hpp"
#include "objectstore/swift_upload.hpp"

namespace trainyard::objectstore {
namespace {

class SwiftStore final : public ObjectStore {
 public:
  SwiftStore(SwiftOptions options, std::shared_ptr<http::Client> http, Clock& clock)
      : client_(std::move(options), std::move(http), clock), uploader_(client_, clock) {}

  const std::string& description() const override { return client_.description(); }

  std::optional<ObjectInfo> head(const std::string& key, std::stop_token stop) override {
    const auto headers = look(key, stop);
    if (!headers) return std::nullopt;
    ObjectInfo info = confirmed(object_info(key, *headers));
    info.segments = swift::segments_of(client_, info, *headers, stop);
    info.segmented = !info.segments.empty();
    return info;
  }

  ObjectInfo get(const std::string& key, const std::optional<ByteRange>& range,
                 const std::string& if_match, const Sink& sink, std::stop_token stop) override {
    Delivery delivery(key, range, if_match);
    swift::Request request;
    request.action = "read '" + printable(key) + "'";
    request.key = key;
    if (range) request.headers.add("Range", range_header(*range));
    if (!if_match.empty()) request.headers.add("If-Match", "\"" + if_match + "\"");
    request.stop = stop;
    return deliver(client_, request, delivery, sink);
  }

  ObjectInfo put(const std::string& key, Source& source, std::stop_token stop) override {
    return uploader_.put(key, source, stop);
  }

  ListPage list(const std::string& prefix, const std::string& continuation,
                std::stop_token stop) override {
    swift::Request request;
    request.action = "list the objects";
    request.query = {{"format", "json"},
                     {"limit", std::to_string(client_.options().page_size)},
                     {"prefix", prefix}};
    if (!continuation.empty()) request.query.emplace_back("marker", continuation);
    request.stop = stop;
    const http::ClientResponse response = client_.send(request);
    ListPage page;
    if (response.status == 204) {
      require_own(response);
      return page;
    }
    auto entries = with_context("list " + client_.description(),
                                [&] { return swift::parse_listing(response.body); });
    // A server may give fewer than were asked for: only an empty page is the end.
    if (!entries.empty()) page.next = entries.back().object.key;
    for (swift::Entry& entry : entries) page.objects.push_back(std::move(entry.object));
    return page;
  }

  void remove(const std::string& key, std::stop_token stop) override {
    const auto headers = look(key, stop);
    if (!headers) return;
    swift::Request request;
    request.action = "remove '" + printable(key) + "'";
    request.method = "DELETE";
    request.key = key;
    const bool segmented = headers->get("X-Static-Large-Object").has_value();
    if (segmented) request.query = {{"multipart-manifest", "delete"}};  // and its segments
    request.not_found_is_answer = true;
    request.stop = stop;
    const http::ClientResponse response = client_.send(request);
    // A bulk delete answers 200 and tells in its body how it went.
    const bool told = segmented && response.body.find("200 OK") != std::string::npos;
    if (response.status == 200 && !told) throw_not_confirmed(key);
  }

  std::uint64_t discard_unfinished(const std::string& prefix, std::stop_token stop) override {
    return swift::remove_unused_segments(client_, prefix, stop);
  }

 private:
  // Whatever answers nothing in the store's place must not end its listing.
  void require_own(const http::ClientResponse& response) const {
    if (swift::is_own(response)) return;
    throw Error(ErrorKind::Unavailable, "an empty answer to the listing of " +
                                            client_.description() +
                                            " is not the store's: it has no X-Trans-Id");
  }

  std::optional<http::Headers> look(const std::string& key, std::stop_token stop) {
    swift::Request request;
    request.action = "look at '" + printable(key) + "'";
    request.method = "HEAD";
    request.key = key;
    request.not_found_is_answer = true;
    request.stop = stop;
    const http::ClientResponse response = client_.send(request);
    if (response.status == 404) return std::nullopt;
    return response.headers;
  }

  swift::Client client_;
  swift::Uploader uploader_;
};

}  // namespace

std::unique_ptr<ObjectStore> open_swift(SwiftOptions options, std::shared_ptr<http::Client> client,
                                        Clock& clock) {
  return std::make_unique<SwiftStore>(std::move(options), std::move(client), clock);
}

}  // namespace trainyard::objectstore
