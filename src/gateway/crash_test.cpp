// A served store that is killed while clients write to it, again and again: what was answered is
// there and whole, and what is there is whole.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "base/sync.hpp"
#include "gateway/gateway_fixture.hpp"
#include "gateway/store.hpp"

namespace trainyard::gateway::testing_support {
namespace {

constexpr int kWriters = 4;
constexpr int kRounds = 5;

// A store in a process of its own. Make it while this process has one thread.
class ServedProcess {
 public:
  explicit ServedProcess(const fs::path& directory) {
    Pipe port = make_pipe();
    pid_ = ::fork();
    if (pid_ == 0) serve(directory, port.write);
    port.write.reset();
    std::string text;
    std::byte byte;
    while (read_some(port.read, {&byte, 1}) == 1) text += char(byte);
    endpoint_ = text;
  }
  ~ServedProcess() { kill(); }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  const std::string& endpoint() const { return endpoint_; }

 private:
  [[noreturn]] static void serve(const fs::path& directory, Fd& port) {
    const SystemClock clock;
    const auto gateway = open_gateway({.directory = directory, .credentials = lookup}, clock);
    write_all(port, gateway->endpoint());
    port.reset();
    while (true) ::pause();
  }

  pid_t pid_ = -1;
  std::string endpoint_;
};

// The bytes of a key's version: of every kind of storage, recognisable when cut or mixed.
std::string bytes_of(const std::string& key, int version) {
  const std::size_t sizes[] = {10, 5'000, 20'000, 400'000};
  const std::string line = key + " version " + std::to_string(version) + "\n";
  std::string out;
  const std::size_t size = sizes[version % 4];
  while (out.size() < size) out += line;
  return out;
}

struct Acknowledged {
  std::map<std::string, int> versions;  // the last one answered
  std::map<std::string, int> asked;     // the last one sent
};

class Crash : public testing::Test {
 protected:
  // Writes new keys and new versions of one key until the store is gone.
  void write_until_killed(const std::string& endpoint, int writer, int round) {
    write_until_refused(endpoint, writer, round);
    ended = true;
    ++answered;
    answered.notify_all();
  }
  void write_until_refused(const std::string& endpoint, int writer, int round) {
    S3 s3(endpoint, clock);
    const std::string own = "again-" + std::to_string(writer);
    for (int i = 0;; ++i) {
      const std::string fresh =
          "new-" + std::to_string(round) + "-" + std::to_string(writer) + "-" + std::to_string(i);
      for (const std::string& key : {fresh, own}) {
        const int version = round * 100'000 + i;
        state.with([&](Acknowledged& all) { all.asked[key] = version; });
        try {
          if (put(s3, key, version) != 200) return;
        } catch (const Error&) {
          return;
        }
        state.with([&](Acknowledged& all) { all.versions[key] = version; });
        ++answered;
        answered.notify_all();
      }
    }
  }

  // Every eighth as an upload of one part.
  static int put(S3& s3, const std::string& key, int version) {
    const std::string target = "/bucket/" + key, bytes = bytes_of(key, version);
    if (version % 8 != 0) return s3.put(target, bytes).status;
    const std::string id = element(s3.post(target + "?uploads").body, "UploadId");
    const Reply part = s3.put(target + "?partNumber=1&uploadId=" + id, bytes);
    return s3
        .post(target + "?uploadId=" + id,
              "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" +
                  part.header("ETag") + "</ETag></Part></CompleteMultipartUpload>")
        .status;
  }

  // Kills the store while four clients write, after `count` more answers.
  void kill_while_writing(ServedProcess& process, int round, int count) {
    const int goal = answered + count;
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < kWriters; ++writer) {
      writers.emplace_back([&, writer] { write_until_killed(process.endpoint(), writer, round); });
    }
    for (int now = answered; now < goal && !ended; now = answered) answered.wait(now);
    EXPECT_FALSE(ended) << "a write failed while the store was up";
    process.kill();
    writers.clear();
    ended = false;
  }

  void check(S3& s3) {
    Acknowledged all = *state.lock();
    for (auto& [key, version] : all.versions) {
      const std::string found = s3.get("/bucket/" + key).body;
      // What was asked for last may have been done without an answer.
      if (found == bytes_of(key, all.asked.at(key))) version = all.asked.at(key);
      EXPECT_TRUE(found == bytes_of(key, version))
          << key << " version " << version << ": " << found.substr(0, 100);
    }
    *state.lock() = all;
    std::string after;
    do {
      const Reply page = s3.get("/bucket?list-type=2&start-after=" + after);
      for (const std::string& key : elements(page.body, "Key")) {
        after = key;
        if (all.versions.contains(key)) continue;
        EXPECT_EQ(s3.get("/bucket/" + key).body, bytes_of(key, all.asked.at(key))) << key;
      }
      if (element(page.body, "IsTruncated") == "false") return;
    } while (true);
  }

  TempDir dir;
  SystemClock clock;
  Sync<Acknowledged> state;
  std::atomic<int> answered = 0;
  std::atomic<bool> ended = false;
};

TEST_F(Crash, AnsweredObjectsAreWholeAndNoHalfOneIsSeen) {
  const fs::path store = dir.path() / "store";
  std::mt19937 random(20240501);
  for (int round = 0; round < kRounds; ++round) {
    ServedProcess process(store);
    {
      S3 s3(process.endpoint(), clock);
      ASSERT_EQ(s3.put("/bucket").status, 200);
      check(s3);
    }
    kill_while_writing(process, round, 20 + int(random() % 100));
  }
  EXPECT_GT(state.lock()->versions.size(), std::size_t(kRounds));
  ServedProcess process(store);
  S3 s3(process.endpoint(), clock);
  check(s3);
}

// Blobs that no object refers to are gone after a start, all others are there.
TEST_F(Crash, NothingIsLeftBehind) {
  const fs::path store = dir.path() / "store";
  {
    ServedProcess process(store);
    S3(process.endpoint(), clock).put("/bucket");
    kill_while_writing(process, 0, 100);
  }
  Store opened(store);
  opened.sweeper.join();
  std::set<std::string> referred = opened.index.read([](db::Connection& db) {
    std::set<std::string> out;
    db::Statement& row = db.prepare("SELECT blob FROM pieces WHERE blob IS NOT NULL");
    while (row.step()) out.insert(row.text(0));
    return out;
  });
  std::set<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(store / "blobs")) {
    if (entry.is_regular_file()) files.insert(entry.path().filename());
  }
  EXPECT_EQ(files, referred);
  EXPECT_FALSE(files.empty());
}

}  // namespace
}  // namespace trainyard::gateway::testing_support
