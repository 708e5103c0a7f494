#pragma once
// For faults_test.cpp: the kinds of requests and of faults, and a use of a store that makes all of
// the former and checks what became of it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"
#include "objectstore/dataset_cache.hpp"
#include "objectstore/fault_worlds.hpp"
#include "objectstore/listing.hpp"
#include "objectstore/sources.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::objectstore {

struct NamedFault {
  const char* name;
  Fault fault;
  bool passes;            // by the next attempt, whatever the request was
  bool on_wires = false;  // only a proxy can do it
};

inline std::vector<NamedFault> faults() {
  return {
      {"reset before", {.reset_before = true}, true},
      {"reset inside", {.reset_inside = true}, true, true},
      {"reset after", {.reset_after = true}, true},
      {"cut head", {.cut_head = true}, true, true},
      {"cut", {.cut_after = 7}, true},
      {"delay", {.delay = std::chrono::milliseconds(50)}, true, true},
      {"time-out", {.time_out = true}, true},
      {"500", {.status = 500, .body = "<html>oops</html>"}, true},
      {"503", {.status = 503, .headers = {{"Retry-After", "0"}}}, true},
      {"401", {.status = 401}, false},
      {"a web page", {.status = 200, .body = "<html>welcome</html>"}, false},
      {"nothing", {.status = 200}, false},
      {"truncated", {.truncate = true}, false},
      {"damaged answer", {.corrupt_answer = true}, false},
      {"damaged upload", {.corrupt_upload = true}, false},
  };
}

inline bool has(const http::ClientRequest& request, std::string_view part) {
  return request.url.find(part) != std::string::npos;
}

// The kind of request, as both protocols have it.
inline std::string kind_of(const http::ClientRequest& request) {
  if (has(request, "/auth/")) return "token";
  if (request.url.ends_with("/info")) return "limits";
  if (request.method == "GET" && has(request, "uploads=")) return "list uploads";
  if (has(request, "multipart-manifest=get")) return "manifest";
  if (has(request, "list-type=") || has(request, "format=json")) return "list";
  if (request.method == "GET") return request.headers.get("Range") ? "read a range" : "read";
  if (request.method == "HEAD") return "head";
  if (request.method == "DELETE") {
    return has(request, "uploadId=") || has(request, "_segments/") ? "abort" : "remove";
  }
  if (request.method == "POST") return has(request, "uploads=") ? "begin parts" : "complete parts";
  if (has(request, "multipart-manifest=put")) return "complete parts";
  if (has(request, "partNumber=") || has(request, "_segments/")) return "part";
  return has(request, "_segments") ? "begin parts" : "put";
}

inline const char* const kKinds[] = {
    "token", "list",           "read",  "read a range", "head",         "put",      "begin parts",
    "part",  "complete parts", "abort", "remove",       "list uploads", "manifest", "limits"};

// Whether a store is asked so: by S3, or else by Swift.
inline bool is_asked(std::string_view kind, bool by_s3) {
  if (kind == "token" || kind == "manifest" || kind == "limits") return !by_s3;
  return kind != "list uploads" || by_s3;
}

// Whether it is made for objects of several parts only, or shows only there.
inline bool is_about_parts(std::string_view kind) {
  return kind.find("parts") != kind.npos || kind == "part" || kind == "abort" || kind == "read" ||
         kind == "manifest" || kind == "limits" || kind == "head";
}

inline std::string text_of(std::size_t size, int seed) {
  std::string block;
  for (int i = seed; block.size() < 997; ++i) block += std::to_string(i * 7919) + ",";
  std::string text;
  while (text.size() < size) text += block;
  text.resize(size);
  return text;
}

// One use of a store: everything that a run does with its buckets.
class Use {
 public:
  // `what` names the fault and the kind of request.
  Use(Bench& bench, const std::string& what, bool must_succeed)
      : bench_(bench), what_(what), must_succeed_(must_succeed) {}

  void run() {
    SCOPED_TRACE(what_);
    for (const char* key : {"small", "large", "gone"}) put_plainly(key, "old");
    put_plainly("read", text_of(700, 1));
    put("small", text_of(500, 2));
    put("large", text_of(bench_.large, 3));
    if (is("'abort'")) put_what_ends_early();
    read_a_range();
    attempt("remove", [&] { bench_.store->remove("gone", {}); }) ? void(contents_.erase("gone"))
                                                                 : void();
    check_contents();
    fetch_all();
    look();
    put_again();
    discard_unfinished();
  }

 private:
  void put_plainly(const std::string& key, const std::string& bytes) {
    upload_bytes(*bench_.plain, bytes, key, {});
    contents_[key] = bytes;
  }

  bool is(std::string_view part) const { return what_.find(part) != what_.npos; }

  bool attempt(const std::string& call, const std::function<void()>& body) {
    try {
      body();
      return true;
    } catch (const Error& error) {
      EXPECT_FALSE(must_succeed_) << what_ << ", " << call << ": " << error.what();
      EXPECT_GT(std::string_view(error.what()).size(), 10u) << what_;
      EXPECT_EQ(std::string_view(error.what()).find(bench_.secret), std::string_view::npos)
          << what_;
      return false;
    }
  }

  void put(const std::string& key, const std::string& bytes) {
    const bool done = attempt("put " + key, [&] {
      EXPECT_EQ(upload_bytes(*bench_.store, bytes, key, {}).size, bytes.size()) << what_;
    });
    std::string there;
    try {
      there = download_bytes(*bench_.plain, key, 1u << 24);
    } catch (const Error& error) {
      there = error.what();
    }
    EXPECT_TRUE(there == bytes || (!done && there == contents_[key]))
        << what_ << ": " << key << " is neither the old nor the new object";
    contents_[key] = there;
    etags_[key] = bench_.plain->head(key, {})->etag;
    // An upload whose id was lost with an answer cannot be aborted; and parts stay when the object
    // may already stand on them.
    const bool may_leave = is("begin parts") || (!bench_.by_s3 && is("complete"));
    if (!done && there != bytes && !may_leave) {
      EXPECT_EQ(bench_.left_parts(), 0u) << what_ << ": parts are left of " << key;
    }
  }

  // The parts that were sent are given up, and what stood before stands.
  void put_what_ends_early() {
    class Source final : public trainyard::objectstore::Source {
     public:
      explicit Source(std::uint64_t size) : size_(size) {}
      std::uint64_t size() const override { return size_; }
      std::size_t read_at(std::uint64_t offset, char* into, std::size_t max) override {
        if (offset + 1 == size_) throw Error(ErrorKind::Conflict, "it became shorter");
        const std::size_t count = std::min<std::uint64_t>(max, size_ - 1 - offset);
        std::fill_n(into, count, 'x');
        return count;
      }

     private:
      std::uint64_t size_;
    };
    Source source(bench_.large);
    EXPECT_THROW(bench_.store->put("large", source, {}), Error) << what_;
  }

  // The parts of the object that stands, and none of those that were given up. Those that an object
  // could have stood on are left, for they could be of an upload that is under way.
  void put_again() {
    if (bench_.proxy) return;
    put_plainly("large", text_of(bench_.large, 4));
    if (is("begin parts") || is("'abort'")) return;
    if (!bench_.by_s3 && is("complete")) return;
    EXPECT_LE(bench_.left_parts(), bench_.by_s3 ? 0 : bench_.large / 1000 + 1) << what_;
  }

  // Nothing of an upload that was given up is left, and what stands is not touched.
  void discard_unfinished() {
    const std::uint64_t large = bench_.plain->head("large", {})->size;
    const bool done = attempt("tidy up", [&] { bench_.store->discard_unfinished("", {}); });
    if (done && !is("damaged") && !is("truncated")) {
      EXPECT_EQ(bench_.plain->discard_unfinished("", {}), 0u) << what_;
    }
    EXPECT_EQ(download_bytes(*bench_.plain, "large", 1u << 24).size(), large) << what_;
  }

  void read_a_range() {
    const std::string etag = bench_.plain->head("read", {})->etag;
    std::string got;
    const bool done = attempt("read a range", [&] {
      bench_.store->get("read", ByteRange{100, 300}, etag,
                        [&](std::string_view bytes) { got += bytes; }, {});
    });
    // Damage shows in the checksum of the whole object only.
    if (!done) return;
    EXPECT_EQ(got.size(), 300u) << what_;
    if (!is("damaged")) {
      EXPECT_EQ(got, contents_["read"].substr(100, 300)) << what_;
    }
  }

  void look() {
    attempt("look", [&] {
      const auto info = bench_.store->head("read", {});
      EXPECT_TRUE(info && info->size == contents_["read"].size()) << what_;
    });
  }

  // What the store holds afterwards, seen without faults.
  void check_contents() {
    for (const auto& [key, bytes] : contents_) {
      const auto there = bench_.plain->head(key, {});
      if (!there && key == "gone") continue;  // removed, and the answer was lost
      if (there && there->etag == etags_[key]) continue;
      EXPECT_TRUE(there && download_bytes(*bench_.plain, key, 1u << 24) == bytes)
          << what_ << ": " << key;
    }
    EXPECT_TRUE(contents_.contains("gone") || !bench_.plain->head("gone", {})) << what_;
  }

  void fetch_all() {
    TempDir directory("trainyard-", scratch());
    const StageRequest request{.directory = directory.path() / "tree",
                               .transfer = {.connections = 1, .free_floor = 0}};
    const auto cache = open_dataset_cache({.directory = directory.path() / "cache"});
    const bool done = attempt("fetch all", [&] { cache->stage(*bench_.store, request, {}); });
    if (!done) return;
    const fs::path& tree = request.directory;
    Listing listing;
    list_all(*bench_.plain, "", listing, {}, {});
    for (const ListedObject& listed : listing) {
      const std::string key(listed.key());
      // Without the size of its parts, a checksum or segments, a large ETag proves nothing.
      const auto head = bench_.plain->head(key, {});
      const bool damage_shows =
          key != "large" || head->part_size != 0 || head->checksum || !head->segments.empty();
      if (!damage_shows && is("damaged")) continue;
      EXPECT_TRUE(read_file(tree / key) == contents_[key])
          << what_ << ": fetched other bytes of " << key;
    }
  }

  Bench& bench_;
  std::string what_;
  bool must_succeed_;
  std::map<std::string, std::string> contents_;  // that the store must hold
  std::map<std::string, std::string> etags_;     // of those that were looked at
};

}  // namespace trainyard::objectstore
