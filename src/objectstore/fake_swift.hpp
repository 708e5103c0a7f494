#pragma once
// A Keystone and a Swift inside the test program, behind the HTTP client's interface. Its code is
// in fake_swift_test.cpp.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/sync.hpp"
#include "http/client.hpp"
#include "objectstore/fake_s3.hpp"
#include "objectstore/swift_store.hpp"

namespace trainyard::objectstore {

class FakeSwift final : public http::Client {
 public:
  explicit FakeSwift(Clock& clock) : clock_(clock) {}

  std::function<std::optional<Fault>(const http::ClientRequest&, unsigned)> script;
  std::chrono::seconds token_life{3600};
  std::chrono::seconds ahead{0};     // of the clock: the server's own
  std::size_t most_listed = 10'000;  // of a page, whatever is asked for
  std::string info;                  // of /info; empty: there is none
  bool compares_segments = true;     // a read fails when one is not what the manifest says

  http::ClientResponse send(const http::ClientRequest& request) override;

  void put(const std::string& container, const std::string& key, std::string bytes);
  // Stands for the objects of `container` whose keys begin with `prefix`, in order.
  void put_dynamic(const std::string& key, const std::string& container, const std::string& prefix);
  // A symbolic link to "/container/key".
  void put_link(const std::string& key, const std::string& to);
  // Stands for these segments, "/container/key" or "/container/key 5-9" for a range of one; the
  // last word of "data aGVsbG8=" is the segment itself.
  void put_static(const std::string& container, const std::string& key,
                  const std::vector<std::string>& segments);
  std::vector<std::string> keys(const std::string& container);
  std::vector<std::string> requests();
  unsigned tokens_granted();
  void forget_tokens();  // as when memcached was restarted

 private:
  struct Segment {
    std::string path, range;  // "/container/key", "5-9"
    std::string data;         // in place of a path
    std::string hash;         // when the manifest was written
    std::uint64_t size = 0;   // of the whole segment
  };
  struct Object {
    std::string bytes, etag;
    std::optional<std::string> dynamic = {};  // "container/prefix"
    std::vector<Segment> segments = {};
    std::string link = {};  // "/container/key"
    bool large() const { return dynamic || !segments.empty(); }
  };
  struct State {
    std::map<std::string, std::map<std::string, Object>> containers{{"mnist", {}}};
    std::map<std::string, TimePoint> tokens;
    std::vector<std::string> requests;
    unsigned granted = 0;
  };
  struct Place;
  struct Answer;

  Answer answer(State& state, const http::ClientRequest& request, std::string body);
  Answer grant(State& state, const std::string& body);
  Answer list(State& state, const Place& place);
  Answer read(State& state, const http::ClientRequest& request, const Object& object);
  Answer write(State& state, const http::ClientRequest& request, const Place& place,
               std::string body);
  Answer manifest(State& state, const Object& object);
  static Object join(State& state, std::vector<Segment> segments);
  static std::string etag_of(State& state, const Object& object);
  static std::string assemble(State& state, const Object& object);
  static std::string bytes_of(State& state, const Segment& segment);
  static const Object* find(State& state, const std::string& path);

  Clock& clock_;
  Sync<State> state_;
};

struct FakeSwiftStore {
  FakeSwiftStore();
  SwiftOptions options() const;
  std::unique_ptr<ObjectStore> open(SwiftOptions options);

  ManualClock clock{TimePoint(std::chrono::hours(24 * 365 * 50))};
  std::shared_ptr<FakeSwift> server;
};

}  // namespace trainyard::objectstore
