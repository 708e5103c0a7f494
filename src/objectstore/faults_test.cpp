// Every kind of request of every store with every fault: a call succeeds with the right bytes or
// fails with an Error, and no object is ever half of one.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "base/error.hpp"
#include "base/files.hpp"
#include "objectstore/fault_worlds.hpp"
#include "objectstore/listing.hpp"
#include "objectstore/sources.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::objectstore {
namespace {

struct NamedFault {
  const char* name;
  Fault fault;
  bool passes;  // by the next attempt, whatever the request was
  bool reaches_the_server = false;
};

std::vector<NamedFault> faults() {
  return {
      {"reset before", {.reset_before = true}, true},
      {"reset after", {.reset_after = true}, true, true},
      {"time-out", {.time_out = true}, true},
      {"500", {.status = 500, .body = "<html>oops</html>"}, true},
      {"503", {.status = 503, .headers = {{"Retry-After", "0"}}}, true},
      {"cut", {.cut_after = 7}, true, true},
      {"401", {.status = 401}, false},
      {"a web page", {.status = 200, .body = "<html>welcome</html>"}, false},
      {"nothing", {.status = 200}, false},
      {"truncated", {.truncate = true}, false, true},
      {"damaged answer", {.corrupt_answer = true}, false, true},
      {"damaged upload", {.corrupt_upload = true}, false, true},
  };
}

bool has(const http::ClientRequest& request, std::string_view part) {
  return request.url.find(part) != std::string::npos;
}

// The kind of request, as both protocols have it.
std::string kind_of(const http::ClientRequest& request) {
  if (has(request, "/auth/")) return "token";
  if (has(request, "list-type=") || has(request, "format=json")) return "list";
  if (request.method == "GET") return request.headers.get("Range") ? "read a range" : "read";
  if (request.method == "HEAD") return "head";
  if (request.method == "DELETE") return has(request, "uploadId=") ? "abort" : "remove";
  if (request.method == "POST") return has(request, "uploads=") ? "begin parts" : "complete parts";
  if (has(request, "multipart-manifest=put")) return "complete parts";
  if (has(request, "partNumber=") || has(request, "_segments/")) return "part";
  return has(request, "_segments") ? "begin parts" : "put";
}

const char* const kKinds[] = {"token", "list",        "read", "read a range",   "head",
                              "put",   "begin parts", "part", "complete parts", "remove"};

std::string text_of(std::size_t size, int seed) {
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
  Use(Bench& bench, const std::string& what, bool must_succeed)
      : bench_(bench), what_(what), must_succeed_(must_succeed) {}

  void run() {
    SCOPED_TRACE(what_);
    for (const char* key : {"small", "large", "gone"}) put_plainly(key, "old");
    put_plainly("read", text_of(700, 1));
    put("small", text_of(500, 2));
    put("large", text_of(bench_.large, 3));
    read_a_range();
    attempt("remove", [&] { bench_.store->remove("gone", {}); }) ? void(contents_.erase("gone"))
                                                                 : void();
    check_contents();
    fetch_all();
    put_again();
  }

 private:
  void put_plainly(const std::string& key, const std::string& bytes) {
    upload_bytes(*bench_.plain, bytes, key, {});
    contents_[key] = bytes;
  }

  bool attempt(const std::string& call, const std::function<void()>& body) {
    try {
      body();
      return true;
    } catch (const Error& error) {
      EXPECT_FALSE(must_succeed_) << what_ << ", " << call << ": " << error.what();
      EXPECT_GT(std::string_view(error.what()).size(), 10u) << what_;
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
    // An upload whose id was lost with an answer cannot be aborted; and parts stay when the object
    // may already stand on them.
    const bool may_leave = what_.find("begin parts") != what_.npos ||
                           (!bench_.vouches_for_large && what_.find("complete") != what_.npos);
    if (!done && there != bytes && !may_leave) {
      EXPECT_EQ(bench_.left_parts(), 0u) << what_ << ": parts are left of " << key;
    }
  }

  // The parts of the object that stands, and none of those that were given up.
  void put_again() {
    put_plainly("large", text_of(bench_.large, 4));
    if (what_.find("begin parts") != what_.npos) return;
    EXPECT_LE(bench_.left_parts(), bench_.vouches_for_large ? 0 : bench_.large / 1000 + 1) << what_;
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
    if (what_.find("damaged") == what_.npos) {
      EXPECT_EQ(got, contents_["read"].substr(100, 300)) << what_;
    }
  }

  // What the store holds afterwards, seen without faults.
  void check_contents() {
    for (const auto& [key, bytes] : contents_) {
      const auto there = bench_.plain->head(key, {});
      if (!there && key == "gone") continue;  // removed, and the answer was lost
      EXPECT_TRUE(there && download_bytes(*bench_.plain, key, 1u << 24) == bytes)
          << what_ << ": " << key;
    }
    EXPECT_TRUE(contents_.contains("gone") || !bench_.plain->head("gone", {})) << what_;
  }

  void fetch_all() {
    TempDir directory("trainyard-", scratch());
    TransferOptions options;
    options.connections = 1;
    options.free_floor = 0;
    const fs::path tree = directory.path() / "tree";
    if (!attempt("fetch all", [&] { download_tree(*bench_.store, "", tree, options, {}); })) return;
    Listing listing;
    list_all(*bench_.plain, "", listing, {}, {});
    for (const ObjectInfo& object : listing) {
      // Some servers do not tell the size of the parts, without which their ETag proves nothing.
      const bool damage_shows =
          object.key != "large" ||
          (bench_.vouches_for_large && bench_.plain->head("large", {})->part_size != 0);
      if (!damage_shows && what_.find("damaged") != what_.npos) continue;
      EXPECT_TRUE(read_file(tree / object.key) == contents_[object.key])
          << what_ << ": fetched other bytes of " << object.key;
    }
  }

  Bench& bench_;
  std::string what_;
  bool must_succeed_;
  std::map<std::string, std::string> contents_;  // that the store must hold
};

class Faults : public testing::TestWithParam<World> {
 protected:
  // Faults the first `times` requests of the kind.
  void use(const char* kind, const NamedFault& named, unsigned times) {
    if (GetParam().real && !named.reaches_the_server) return;
    unsigned hit = 0;
    bool armed = false;
    Bench bench = GetParam().open([&](const http::ClientRequest& request) -> std::optional<Fault> {
      if (!armed || kind_of(request) != kind || hit == times) return std::nullopt;
      ++hit;
      return named.fault;
    });
    armed = true;
    const std::string what = fmt::format("{}, '{}' of {}", named.name, kind, times);
    Use(bench, what, named.passes && times < kPolicy.attempts).run();
    const bool spoken = std::string_view(kind) != "token" || !bench.vouches_for_large;
    EXPECT_EQ(hit > 0, spoken) << what << " never happened";
  }
};

TEST_P(Faults, OnceAreOvercomeOrSaid) {
  for (const char* kind : kKinds) {
    for (const NamedFault& fault : faults()) use(kind, fault, 1);
  }
}

class FaultsAtFakes : public Faults {};

TEST_P(FaultsAtFakes, TwiceAreOvercomeOrSaid) {
  for (const char* kind : kKinds) {
    for (const NamedFault& fault : faults()) use(kind, fault, 2);
  }
}

TEST_P(FaultsAtFakes, ForeverAreSaidAndLeaveNothingHalf) {
  for (const char* kind : kKinds) {
    for (const NamedFault& fault : faults()) use(kind, fault, 1'000'000);
  }
}

std::string name_of(const testing::TestParamInfo<World>& world) { return world.param.name; }

INSTANTIATE_TEST_SUITE_P(Stores, Faults, testing::ValuesIn(worlds()), name_of);
INSTANTIATE_TEST_SUITE_P(Stores, FaultsAtFakes, testing::ValuesIn(fakes()), name_of);

}  // namespace
}  // namespace trainyard::objectstore
