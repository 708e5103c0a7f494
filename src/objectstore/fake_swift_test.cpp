#include "objectstore/fake_swift.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/hash.hpp"
#include "base/strings.hpp"
#include "objectstore/sources.hpp"

namespace trainyard::objectstore {

using Json = nlohmann::json;

struct FakeSwift::Place {
  std::string container, key;
  http::Query query;

  explicit Place(const std::string& url) {
    const std::string head = "http://swift.test/v1/AUTH_p/";
    const std::string rest = url.substr(head.size());
    const std::size_t mark = rest.find('?');
    const std::string path = *percent_decode(rest.substr(0, mark));
    if (mark != rest.npos) query = http::Query::parse(rest.substr(mark + 1));
    const std::size_t slash = path.find('/');
    container = path.substr(0, slash);
    if (slash != path.npos) key = path.substr(slash + 1);
  }
};

struct FakeSwift::Answer {
  int status = 200;
  std::string body = {};
  http::Headers headers = {};
};

namespace {

std::string md5_hex(std::string_view bytes) { return to_hex(digest(Digest::Md5, bytes)); }

std::string body_text(const http::ClientRequest& request) {
  std::string bytes(request.body == nullptr ? 0 : request.body->size(), '\0');
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t got = request.body->read(bytes.data() + at, bytes.size() - at);
    if (got == 0) break;
    at += got;
  }
  return bytes;
}

[[noreturn]] void throw_reset() {
  throw Error(ErrorKind::Unavailable, "the connection was reset by the peer");
}

}  // namespace

void FakeSwift::put(const std::string& container, const std::string& key, std::string bytes) {
  const std::string etag = md5_hex(bytes);
  state_.lock()->containers[container][key] = {std::move(bytes), etag};
}

void FakeSwift::put_dynamic(const std::string& key, const std::string& container,
                            const std::string& prefix) {
  state_.lock()->containers["mnist"][key] = {"", md5_hex(""), container + "/" + prefix};
}

void FakeSwift::put_link(const std::string& key, const std::string& to) {
  state_.lock()->containers["mnist"][key] = {.bytes = "", .etag = md5_hex(""), .link = to};
}

void FakeSwift::put_static(const std::string& container, const std::string& key,
                           const std::vector<std::string>& segments) {
  auto state = state_.lock();
  std::vector<Segment> made;
  for (const std::string& text : segments) {
    const auto words = split(text, ' ');
    const std::string more = words.size() > 1 ? words[1] : "";
    made.push_back(words[0] == "data" ? Segment{.data = base64_decode(more)}
                                      : Segment{.path = words[0], .range = more});
  }
  state->containers[container][key] = join(*state, std::move(made));
}

FakeSwift::Object FakeSwift::join(State& state, std::vector<Segment> segments) {
  std::string etags;
  for (Segment& segment : segments) {
    if (segment.path.empty()) {
      segment.hash = md5_hex(segment.data);
    } else {
      const Object& stored = *find(state, segment.path);
      segment.hash = etag_of(state, stored);
      segment.size = assemble(state, stored).size();
    }
    etags += segment.hash + (segment.range.empty() ? "" : ":" + segment.range + ";");
  }
  return {"", md5_hex(etags), {}, std::move(segments)};
}

std::vector<std::string> FakeSwift::keys(const std::string& container) {
  std::vector<std::string> keys;
  for (const auto& [key, object] : state_.lock()->containers[container]) keys.push_back(key);
  return keys;
}

std::vector<std::string> FakeSwift::requests() { return state_.lock()->requests; }
unsigned FakeSwift::tokens_granted() { return state_.lock()->granted; }
void FakeSwift::forget_tokens() { state_.lock()->tokens.clear(); }

http::ClientResponse FakeSwift::send(const http::ClientRequest& request) {
  if (request.stop.stop_requested()) throw Error(ErrorKind::Canceled, "stopped");
  auto state = state_.lock();
  state->requests.push_back(request.method + " " + request.url);
  const unsigned number = static_cast<unsigned>(state->requests.size());
  const Fault fault = (script ? script(request, number) : std::nullopt).value_or(Fault{});
  if (fault.reset_before) throw_reset();
  std::string body = body_text(request);
  if (fault.corrupt_upload && !body.empty()) body[body.size() / 2] ^= 1;
  Answer real = fault.status ? Answer{*fault.status, fault.body, fault.headers}
                             : answer(*state, request, std::move(body));
  if (fault.reset_after) throw_reset();
  if (fault.corrupt_answer && !real.body.empty()) real.body[real.body.size() / 2] ^= 1;
  http::ClientResponse response{real.status, real.headers, {}, 0};
  if (!response.headers.get("Content-Length")) {
    response.headers.add("Content-Length", std::to_string(real.body.size()));
  }
  if (request.on_headers) request.on_headers(response.status, response.headers);
  if (request.method == "HEAD") return response;
  if (request.sink && response.status / 100 == 2) {
    request.sink(std::string_view(real.body).substr(0, fault.cut_after.value_or(real.body.size())));
  } else {
    response.body = real.body;
  }
  if (fault.cut_after) throw_reset();
  return response;
}

FakeSwift::Answer FakeSwift::grant(State& state, const std::string& body) {
  const Json request = Json::parse(body, nullptr, false);
  if (!request.is_object()) return {400};
  const Json auth = request.at("auth");
  const Json user = auth["identity"]["password"]["user"];
  const bool known = user["name"] == "alice" && user["domain"]["name"] == "lab" &&
                     user["password"] == "s3cret p%ss";
  const Json scope = auth.value("scope", Json());
  if (known && scope == "unscoped") return {201, "{}", {{"X-Subject-Token", "unscoped"}}};
  if (!known || !scope.is_object() || scope["project"]["id"] != "p") {
    return {401, R"({"error":{"code":401,"title":"Unauthorized"}})"};
  }
  const std::string token = "token-" + std::to_string(++state.granted);
  const TimePoint now = clock_.now() + ahead;
  const TimePoint expires = now + token_life;
  state.tokens[token] = expires;
  const Json endpoints = {
      {{"interface", "admin"}, {"region", "loopback"}, {"url", "http://admin.test"}},
      {{"interface", "public"}, {"region", "elsewhere"}, {"url", "http://elsewhere.test"}},
      {{"interface", "public"},
       {"region_id", "loopback"},
       {"url", "http://swift.test/v1/AUTH_p/"}}};
  const Json answer = {{"token",
                        {{"expires_at", format_millis(expires)},
                         {"issued_at", format_millis(now)},
                         {"catalog", {{{"type", "object-store"}, {"endpoints", endpoints}}}}}}};
  return {201, answer.dump(), {{"X-Subject-Token", token}}};
}

FakeSwift::Answer FakeSwift::answer(State& state, const http::ClientRequest& request,
                                    std::string body) {
  if (request.url == "http://keystone.test:5000/v3/auth/tokens") return grant(state, body);
  if (request.url == "http://keystone.test:5000/v3/auth/projects") {
    if (request.headers.get("X-Auth-Token") != "unscoped") return {401};
    return {200, R"({"projects":[{"id":"p","name":"train"},{"id":"q","name":"other"}]})"};
  }
  if (request.url == "http://swift.test/info") {
    return info.empty() ? Answer{404, "<html>?</html>"} : Answer{200, info};
  }
  if (!request.url.starts_with("http://swift.test/v1/AUTH_p/")) return {404, "<html>?</html>"};
  const auto token = state.tokens.find(request.headers.get("X-Auth-Token").value_or(""));
  if (token == state.tokens.end() || token->second <= clock_.now() + ahead) return {401, "refused"};
  const Place place(request.url);
  if (place.key.empty() && request.method == "PUT") {
    state.containers[place.container];
    return {201};
  }
  const auto container = state.containers.find(place.container);
  if (container == state.containers.end()) return {404, "no container"};
  if (place.key.empty()) return list(state, place);
  if (request.method == "PUT") return write(state, request, place, std::move(body));
  const auto object = container->second.find(place.key);
  if (object == container->second.end()) return {404, "no object"};
  if (request.method != "DELETE") {
    const std::string& link = object->second.link;
    const Object* there = link.empty() ? &object->second : find(state, link);
    if (there == nullptr) return {404, "no object"};
    const bool as_manifest =
        request.method == "GET" && place.query.get("multipart-manifest") == "get";
    return as_manifest ? manifest(state, *there) : read(state, request, *there);
  }
  if (place.query.get("multipart-manifest") == "delete") {
    for (const Segment& segment : object->second.segments) {
      const std::string& path = segment.path;
      const std::size_t slash = path.find('/', 1);
      state.containers[path.substr(1, slash - 1)].erase(path.substr(slash + 1));
    }
  }
  state.containers[place.container].erase(place.key);
  return {204};
}

FakeSwift::Answer FakeSwift::list(State& state, const Place& place) {
  const std::string prefix = place.query.get("prefix").value_or("");
  const std::string marker = place.query.get("marker").value_or("");
  const std::size_t limit =
      std::min<std::size_t>(most_listed, *parse_u64(place.query.get("limit").value_or("10000")));
  Json items = Json::array();
  for (const auto& [key, object] : state.containers.at(place.container)) {
    if (!key.starts_with(prefix) || key <= marker || items.size() == limit) continue;
    Json item = {{"name", key}, {"hash", object.etag}, {"bytes", object.bytes.size()}};
    if (!object.segments.empty()) {
      item["bytes"] = assemble(state, object).size();
      item["hash"] = md5_hex("the manifest");
      item["slo_etag"] = "\"" + object.etag + "\"";
    }
    items.push_back(item);
  }
  return {200, items.dump()};
}

std::string FakeSwift::assemble(State& state, const Object& object) {
  std::string bytes = object.bytes;
  for (const Segment& segment : object.segments) bytes += bytes_of(state, segment);
  if (!object.dynamic) return bytes;
  const std::size_t slash = object.dynamic->find('/');
  for (const auto& [key, segment] : state.containers[object.dynamic->substr(0, slash)]) {
    if (key.starts_with(object.dynamic->substr(slash + 1))) bytes += segment.bytes;
  }
  return bytes;
}

std::string FakeSwift::bytes_of(State& state, const Segment& segment) {
  if (segment.path.empty()) return segment.data;
  const Object* stored = find(state, segment.path);
  const std::string bytes = stored == nullptr ? "" : assemble(state, *stored);
  if (segment.range.empty()) return bytes;
  const std::size_t dash = segment.range.find('-');
  const std::uint64_t first = *parse_u64(segment.range.substr(0, dash));
  return bytes.substr(first, *parse_u64(segment.range.substr(dash + 1)) - first + 1);
}

// Of a dynamic large object: made of what its container lists.
std::string FakeSwift::etag_of(State& state, const Object& object) {
  if (!object.dynamic) return object.etag;
  const std::size_t slash = object.dynamic->find('/');
  std::string etags;
  for (const auto& [key, segment] : state.containers[object.dynamic->substr(0, slash)]) {
    if (key.starts_with(object.dynamic->substr(slash + 1))) etags += segment.etag;
  }
  return md5_hex(etags);
}

// "/container/key"
const FakeSwift::Object* FakeSwift::find(State& state, const std::string& path) {
  const std::size_t slash = path.find('/', 1);
  if (slash == path.npos) return nullptr;
  const auto& container = state.containers[path.substr(1, slash - 1)];
  const auto found = container.find(path.substr(slash + 1));
  return found == container.end() ? nullptr : &found->second;
}

FakeSwift::Answer FakeSwift::read(State& state, const http::ClientRequest& request,
                                  const Object& object) {
  for (const Segment& segment : object.segments) {
    if (request.method != "GET" || segment.path.empty()) continue;
    const Object* stored = find(state, segment.path);
    const bool same = stored != nullptr && etag_of(state, *stored) == segment.hash;
    if (stored == nullptr || (compares_segments && !same)) return {409, "not that segment"};
  }
  const std::string bytes = assemble(state, object);
  const std::string etag = etag_of(state, object);
  const std::string quote = object.large() ? "\"" : "";
  Answer answer{200, bytes, {{"Etag", quote + etag + quote}}};
  if (object.dynamic) answer.headers.add("X-Object-Manifest", *object.dynamic);
  if (!object.segments.empty()) answer.headers.add("X-Static-Large-Object", "True");
  const auto if_match = request.headers.get("If-Match");
  if (if_match && *if_match != "\"" + etag + "\"") return {412};
  if (const auto range = request.headers.get("Range")) {
    const std::size_t dash = range->find('-');
    const std::uint64_t first = *parse_u64(range->substr(6, dash - 6));
    const std::uint64_t last = parse_u64(range->substr(dash + 1)).value_or(bytes.size() - 1);
    if (first >= bytes.size()) return {416};
    answer.status = 206;
    answer.body = bytes.substr(first, last - first + 1);
    answer.headers.add("Content-Range", fmt::format("bytes {}-{}/{}", first,
                                                    first + answer.body.size() - 1, bytes.size()));
  }
  return answer;
}

FakeSwift::Answer FakeSwift::manifest(State& state, const Object& object) {
  Json items = Json::array();
  for (const Segment& segment : object.segments) {
    if (segment.path.empty()) {
      items.push_back({{"data", base64_encode(segment.data)}});
      continue;
    }
    Json item = {{"name", segment.path}, {"hash", segment.hash}, {"bytes", segment.size}};
    if (!segment.range.empty()) item["range"] = segment.range;
    const Object* stored = find(state, segment.path);
    if (stored != nullptr && !stored->segments.empty()) item["sub_slo"] = true;
    items.push_back(item);
  }
  return {200, items.dump(), {{"X-Static-Large-Object", "True"}}};
}

FakeSwift::Answer FakeSwift::write(State& state, const http::ClientRequest& request,
                                   const Place& place, std::string body) {
  Object object{body, md5_hex(body)};
  if (place.query.get("multipart-manifest") == "put") {
    std::vector<Segment> segments;
    const Json manifest = Json::parse(body, nullptr, false);
    if (!manifest.is_array()) return {400, "no manifest"};
    for (const Json& segment : manifest) {
      const std::string path = segment.value("path", "");
      const Object* stored = find(state, path);
      if (stored == nullptr || segment.value("etag", "") != stored->etag ||
          segment.value("size_bytes", Json()) != stored->bytes.size()) {
        return {400, "a segment does not match"};
      }
      segments.push_back({.path = path});
    }
    object = join(state, std::move(segments));
  } else if (const auto md5 = request.headers.get("ETag"); md5 && *md5 != object.etag) {
    return {422, "unprocessable"};
  }
  Answer answer{201, {}, {{"Etag", object.etag}}};
  state.containers[place.container][place.key] = std::move(object);
  return answer;
}

FakeSwiftStore::FakeSwiftStore() : server(std::make_shared<FakeSwift>(clock)) {}

SwiftOptions FakeSwiftStore::options() const {
  SwiftOptions options = swift_options(
      {"http://keystone.test:5000", "alice", Secret("s3cret p%ss"), "loopback", "lab", "p"},
      "mnist");
  options.retry = {.attempts = 1};
  return options;
}

std::unique_ptr<ObjectStore> FakeSwiftStore::open(SwiftOptions options) {
  return open_swift(std::move(options), server, clock);
}

}  // namespace trainyard::objectstore
