#include "objectstore/swift_segments.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "objectstore/damaged.hpp"
#include "objectstore/source_body.hpp"
#include "objectstore/sources.hpp"

namespace trainyard::objectstore::swift {
namespace {

constexpr std::size_t kLongestReadableKey = 900;  // leaves room for the rest of the name
constexpr std::size_t kFolderBytes = 8;
constexpr std::chrono::seconds kPatience{5};  // with what is only tidying up

bool all_of(std::string_view text, std::string_view characters) {
  return text.find_first_not_of(characters) == text.npos;
}

}  // namespace

std::string put_verified(Client& client, Request& request, Source& source) {
  const std::string md5 = md5_of(source);
  SourceBody body(source);
  request.method = "PUT";
  request.body = &body;
  request.headers.set("ETag", to_hex(md5));
  const ObjectInfo stored =
      confirmed_put(source, md5, *request.key, [&] { return client.send(request); });
  if (stored.etag != to_hex(md5)) throw_damaged(source, md5, *request.key);
  return md5;
}

Segments::Segments(Client& client, const Retrier& retrier, const std::string& key)
    : client_(client),
      retrier_(retrier),
      stem_((key.size() <= kLongestReadableKey ? key : to_hex(digest(Digest::Sha256, key))) + "/"),
      folder_(stem_ + random_hex(kFolderBytes) + "/") {}

std::string Segments::name(std::size_t index) const {
  return fmt::format("{}{:08}", folder_, index);
}

void Segments::make_container(std::stop_token stop) {
  retrier_.run(
      [&] {
        Request request;
        request.action = "make the container of the segments";
        request.method = "PUT";
        request.container = client_.segments_container();
        request.stop = stop;
        client_.send(request);
      },
      stop);
}

Segment Segments::send(std::size_t index, Source& slice, std::stop_token stop) {
  const std::string key = name(index);
  std::string md5;
  retrier_.run(
      [&] {
        Request request;
        request.action = "write the segment '" + printable(key) + "'";
        request.container = client_.segments_container();
        request.key = key;
        request.stop = stop;
        md5 = put_verified(client_, request, slice);
      },
      stop);
  return {"/" + client_.segments_container() + "/" + key, to_hex(md5), slice.size()};
}

void Segments::remove_one(const std::string& name) {
  Request request;
  request.action = "remove a segment";
  request.method = "DELETE";
  request.container = client_.segments_container();
  request.key = name;
  request.not_found_is_answer = true;
  request.total_timeout = kPatience;
  client_.send(request);
}

void Segments::remove(std::size_t count) noexcept {
  try {
    for (std::size_t i = 0; i < count; ++i) remove_one(name(i));
  } catch (const std::exception& error) {
    log::warn("segments of an upload may remain: {}", error.what());
  }
}

bool Segments::is_of_another_upload(const std::string& name) const {
  constexpr std::size_t kFolder = 2 * kFolderBytes, kNumber = 8;
  if (!name.starts_with(stem_) || name.starts_with(folder_)) return false;
  const std::string_view rest = std::string_view(name).substr(stem_.size());
  return rest.size() == kFolder + 1 + kNumber && rest[kFolder] == '/' &&
         all_of(rest.substr(0, kFolder), "0123456789abcdef") &&
         all_of(rest.substr(kFolder + 1), "0123456789");
}

void Segments::remove_others() noexcept {
  try {
    std::string marker;
    do {
      Request request;
      request.action = "list the segments";
      request.container = client_.segments_container();
      request.query = {{"format", "json"}, {"prefix", stem_}, {"marker", marker}};
      request.total_timeout = kPatience;
      const http::ClientResponse response = client_.send(request);
      if (response.status == 204) return;
      const auto entries = parse_listing(response.body);
      marker = entries.empty() ? std::string() : entries.back().object.key;
      for (const Entry& entry : entries) {
        if (is_of_another_upload(entry.object.key)) remove_one(entry.object.key);
      }
    } while (!marker.empty());
  } catch (const std::exception& error) {
    log::warn("segments of an earlier upload may remain: {}", error.what());
  }
}

}  // namespace trainyard::objectstore::swift
