#include "objectstore/listing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/strings.hpp"
#include "objectstore/part_runner.hpp"

namespace trainyard::objectstore {
namespace {

constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kMostEmptyPages = 1000;  // one after the other
// Part of every id; to be raised when the meaning of what lies in a cache changes.
constexpr std::string_view kLayout = "1";

// Lengths go in front, so that no two lists of texts run together into one.
void feed(Hasher& hasher, std::string_view text) {
  hasher.update(std::to_string(text.size()) + ":");
  hasher.update(text);
}

void feed(Hasher& hasher, const ListedObject& object) {
  feed(hasher, object.key());
  feed(hasher, object.etag());
  feed(hasher, std::to_string(object.size()));
}

bool is_unclear(const ListedObject& object) {
  const bool may_have_bytes = object.size() == 0 && !object.has_checksum() &&
                              !is_folder_marker(object.key(), object.size());
  return object.etag().empty() || may_have_bytes;
}

ObjectInfo look_at(ObjectStore& store, ObjectInfo object, std::stop_token stop) {
  const auto told = store.head(object.key, std::move(stop));
  if (!told) {
    throw Error(ErrorKind::NotFound,
                fmt::format("'{}' is listed in {}, but there is no such object: it was removed "
                            "meanwhile, or is a link to nothing",
                            printable(object.key), store.description()));
  }
  object.etag = told->etag;
  if (told->size != 0) object.size = told->size;  // 0: also when the answer tells no length
  object.segmented = told->segmented;
  return object;
}

void resolve(ObjectStore& store, Listing& listing, std::size_t first, unsigned connections,
             const std::stop_token& stop) {
  std::vector<ListedObject*> unclear;
  for (std::size_t i = first; i < listing.size(); ++i) {
    if (is_unclear(listing[i])) unclear.push_back(&listing[i]);
  }
  const auto ask = [&](std::size_t i, std::stop_token ours) {
    *unclear[i] = ListedObject(look_at(store, unclear[i]->info(), std::move(ours)));
  };
  PartRunner(connections - 1).run(unclear.size(), ask, stop);
}

// Pages that come again and again, found with the memory for one key (Brent's way): a page is
// compared with one that was remembered before, ever later ones are remembered.
class PageLoop {
 public:
  bool closes_at(const ListPage& page) {
    if (page.objects.empty()) return false;
    const std::string& key = page.objects.front().key;
    if (key == remembered_) return true;
    if (++pages_ < remember_at_) return false;
    remembered_ = key;
    remember_at_ *= 2;
    return false;
  }

 private:
  std::string remembered_;
  std::uint64_t pages_ = 0, remember_at_ = 1;
};

}  // namespace

ListedObject::ListedObject(const ObjectInfo& object)
    : text_(std::make_unique_for_overwrite<char[]>(object.key.size() + object.etag.size())),
      size_(object.size),
      key_size_(static_cast<std::uint32_t>(object.key.size())),
      etag_size_(static_cast<std::uint32_t>(object.etag.size())),
      segmented_(object.segmented) {
  std::copy(object.key.begin(), object.key.end(), text_.get());
  std::copy(object.etag.begin(), object.etag.end(), text_.get() + key_size_);
  if (object.checksum) checksum_ = {object.checksum->algorithm, object.checksum->type};
}

ObjectInfo ListedObject::info() const {
  ObjectInfo object{std::string(key()), size_, std::string(etag())};
  if (checksum_) object.checksum = Checksum{checksum_->algorithm, checksum_->type, {}};
  object.segmented = segmented_;
  return object;
}

bool is_folder_marker(std::string_view key, std::uint64_t size) {
  return size == 0 && key.ends_with('/');
}

void throw_listed_twice(const std::string& store, std::string_view key) {
  throw Error(ErrorKind::Corrupt,
              fmt::format("the listing of {} names the key '{}' twice", store, printable(key)));
}

void list_all(ObjectStore& store, const std::string& prefix, Listing& into,
              const std::function<void(std::size_t first)>& on_page, std::stop_token stop) {
  std::string continuation;
  PageLoop loop;
  std::size_t empty_pages = 0;
  do {
    ListPage page = store.list(prefix, continuation, stop);
    if (!page.next.empty() && page.next == continuation) {
      throw Error(ErrorKind::Corrupt,
                  "the listing of " + store.description() + " does not advance");
    }
    continuation = std::move(page.next);
    const std::size_t first = into.size();
    for (const ObjectInfo& object : page.objects) {
      const bool again = !into.empty() && into.back().key() == object.key;
      if (again) throw_listed_twice(store.description(), object.key);
      into.emplace_back(object);
    }
    empty_pages = page.objects.empty() ? empty_pages + 1 : 0;
    if (empty_pages > kMostEmptyPages) {
      throw Error(
          ErrorKind::Corrupt,
          fmt::format("the listing of {} goes on, but {} of its pages in a row name no object",
                      store.description(), empty_pages));
    }
    if (loop.closes_at(page)) {
      throw_listed_twice(store.description(), page.objects.front().key);
    }
    if (on_page) on_page(first);
  } while (!continuation.empty());
}

void list_for_reading(ObjectStore& store, const std::string& prefix, unsigned connections,
                      Listing& into, const std::function<void(std::size_t first)>& on_page,
                      std::stop_token stop) {
  const auto ask_then = [&](std::size_t first) {
    resolve(store, into, first, connections, stop);
    on_page(first);
  };
  list_all(store, prefix, into, ask_then, stop);
}

std::size_t count_without_etag(const Listing& listing, std::size_t first) {
  return static_cast<std::size_t>(
      std::count_if(listing.begin() + static_cast<std::ptrdiff_t>(first), listing.end(),
                    [](const ListedObject& object) { return object.etag().empty(); }));
}

std::uint64_t total_bytes(const Listing& listing, std::size_t first) {
  std::uint64_t total = 0;
  for (std::size_t i = first; i < listing.size(); ++i) total += listing[i].size();
  return total;
}

void require_complete(const Listing& listing, std::uint64_t files, std::uint64_t bytes) {
  if (files == listing.size() && bytes == total_bytes(listing)) return;
  throw Error(ErrorKind::Internal,
              fmt::format("{} objects with {} bytes are here, but the store listed {} with {}",
                          files, bytes, listing.size(), total_bytes(listing)));
}

std::string object_id(const std::string& store, const ListedObject& object) {
  Hasher hasher(Digest::Sha256);
  feed(hasher, kLayout);
  feed(hasher, store);
  feed(hasher, object);
  return to_hex(hasher.finish().substr(0, kIdBytes));
}

std::string tree_id(const std::string& store, const std::string& prefix, const Listing& listing) {
  Hasher hasher(Digest::Sha256);
  feed(hasher, kLayout);
  feed(hasher, store);
  feed(hasher, prefix);
  for (const ListedObject& object : listing) feed(hasher, object);
  return to_hex(hasher.finish().substr(0, kIdBytes));
}

}  // namespace trainyard::objectstore
