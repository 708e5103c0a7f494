// Thousands of followers of one busy log: what an idle one costs in resident memory, how long a
// line takes to the last of them, how many bytes a second all of them get, beside nginx that sends
// as many a file, and how far behind they are when the log grows by 10 MB a second and they take it
// as gzip. The server and its log are a process of their own; the followers, one epoll loop that
// compares every byte, are this one.
//
//   followers_bench --benchmark_filter=line/10000
#include <benchmark/benchmark.h>

#include <chrono>
#include <vector>

#include "followers/crowd.hpp"
#include "followers/servers.hpp"

namespace {

using namespace trainyard;
using namespace trainyard::bench;
using Clock = std::chrono::steady_clock;

double milliseconds(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

double at(std::vector<double>& times, double share) {
  std::ranges::sort(times);
  return times[static_cast<std::size_t>(static_cast<double>(times.size() - 1) * share)];
}

// What a program prints that trains: the same words, and digits that nobody can foresee.
class Lines {
 public:
  std::string next(std::size_t least) {
    std::string text;
    while (text.size() < least) {
      ++step_;
      text += fmt::format(
          "2026-11-29 06:{:02}:{:02},{:03} INFO train.py:142 epoch={} step={} loss={:.6f} "
          "acc={:.4f} "
          "lr=0.00100 samples/s={:.1f}\n",
          step_ / 60'000 % 60, step_ / 1000 % 60, step_ % 1000, step_ / 1875, step_, random(),
          0.9 + random() / 10, 3000 + 400 * random());
    }
    return text;
  }

 private:
  double random() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<double>(state_ >> 11) / static_cast<double>(1ull << 53);
  }
  std::uint64_t step_ = 0, state_ = 1;
};

// Until every follower has `end` bytes of the log; `on_complete` hears when one has.
template <typename OnComplete>
void receive_until(Crowd& crowd, std::uint64_t end, OnComplete on_complete) {
  std::size_t complete = 0;
  while (complete < crowd.size()) {
    const bool some = crowd.receive(60'000, [&](const Follower& follower, std::uint64_t before) {
      if (before >= end || follower.text() < end) return;
      ++complete;
      on_complete();
    });
    if (!some) throw Error(ErrorKind::Timeout, "nothing came for a minute");
  }
}

// A line of 64 bytes to all followers, ten times a second.
void line(benchmark::State& state) {
  allow_many_files();
  LogServer server;
  const auto before = server.resident_bytes();
  const auto count = static_cast<std::size_t>(state.range(0));
  std::string log;
  Crowd crowd(server.port(), count, log);
  const auto idle = server.resident_bytes() - before;
  const std::string text = std::string(63, 'x') + "\n";
  std::vector<double> times;
  for (auto _ : state) {
    log += text;
    const auto sent = Clock::now();
    server.append(text);
    receive_until(crowd, log.size(), [&] { times.push_back(milliseconds(Clock::now() - sent)); });
    state.SetIterationTime(times.back() / 1000);
    usleep(100'000);
  }
  state.counters["idle_bytes"] = static_cast<double>(idle) / static_cast<double>(count);
  state.counters["p50_ms"] = at(times, 0.5);
  state.counters["p99_ms"] = at(times, 0.99);
}

// As many bytes as go through: the log grows by 4 MiB when every follower has those before.
void bytes(benchmark::State& state) {
  allow_many_files();
  LogServer server;
  std::string log;
  Crowd crowd(server.port(), static_cast<std::size_t>(state.range(0)), log);
  const std::string text(4u << 20, 'x');
  const auto before = crowd.received();
  for (auto _ : state) {
    log += text;
    const auto sent = Clock::now();
    server.append(text);
    receive_until(crowd, log.size(), [] {});
    state.SetIterationTime(milliseconds(Clock::now() - sent) / 1000);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(crowd.received() - before));
}

// A file of 4 MiB to as many clients of nginx, which compare nothing.
void nginx(benchmark::State& state) {
  allow_many_files();
  const std::size_t size = 4u << 20;
  const Nginx server(size);
  if (!server.port()) return state.SkipWithError("nginx is not installed");
  const auto count = static_cast<std::size_t>(state.range(0));
  std::uint64_t all = 0;
  for (auto _ : state) {
    const Fd epoll(epoll_create1(0));
    std::vector<Fd> sockets;
    for (std::size_t i = 0; i < count; ++i) {
      sockets.push_back(connect_to(*server.port()));
      epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
      epoll_ctl(epoll.get(), EPOLL_CTL_ADD, sockets.back().get(), &event);
    }
    std::vector<char> scratch(256 * 1024);
    std::uint64_t received = 0;
    const auto sent = Clock::now();
    for (const Fd& fd : sockets) send_all(fd, "GET /log HTTP/1.1\r\nHost: h\r\n\r\n");
    while (received < count * size) {
      epoll_event events[512];
      const int ready = look(epoll, events, 60'000);
      if (ready <= 0) throw Error(ErrorKind::Timeout, "nothing came for a minute");
      for (int i = 0; i < ready; ++i) {
        const auto got =
            recv(sockets[events[i].data.u64].get(), scratch.data(), scratch.size(), MSG_DONTWAIT);
        if (got > 0) received += static_cast<std::uint64_t>(got);
      }
    }
    state.SetIterationTime(milliseconds(Clock::now() - sent) / 1000);
    all += received;
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(all));
}

// The log grows by range(1) MB a second for five seconds, 40 times a second.
void grows(benchmark::State& state, Crowd::Take take) {
  constexpr auto kTick = std::chrono::milliseconds(25);
  constexpr auto kLength = std::chrono::seconds(5);
  allow_many_files();
  LogServer server;
  std::string log;
  Crowd crowd(server.port(), static_cast<std::size_t>(state.range(0)), log, take);
  struct Append {
    std::uint64_t end;
    Clock::time_point at;
  };
  const auto tick = static_cast<std::size_t>(state.range(1)) * 1'000'000 / 40;
  std::vector<double> behind;
  for (auto _ : state) {
    Lines lines;
    std::vector<std::string> texts;
    for (int i = 0; i < kLength / kTick; ++i) texts.push_back(lines.next(tick));
    log.reserve(texts.size() * (tick + 200));
    std::vector<Append> appends;
    const double before = server.processor_seconds();
    const auto begin = Clock::now();
    std::size_t complete = 0;
    while (complete < crowd.size()) {
      const auto due = begin + kTick * static_cast<int>(appends.size());
      if (appends.size() < texts.size() && Clock::now() >= due) {
        log += texts[appends.size()];
        appends.push_back({log.size(), Clock::now()});
        server.append(texts[appends.size() - 1]);
        continue;
      }
      const int wait =
          appends.size() < texts.size()
              ? static_cast<int>(
                    std::chrono::ceil<std::chrono::milliseconds>(due - Clock::now()).count())
              : 60'000;
      crowd.receive(std::max(0, wait), [&](const Follower& follower, std::uint64_t from) {
        const auto now = Clock::now();
        const auto ends = [](std::uint64_t offset, const Append& a) { return offset < a.end; };
        auto done = std::upper_bound(appends.begin(), appends.end(), from, ends);
        for (; done != appends.end() && done->end <= follower.text(); ++done) {
          behind.push_back(milliseconds(now - done->at));
          complete += done + 1 == appends.end() && appends.size() == texts.size();
        }
      });
    }
    const auto took = Clock::now() - begin;
    state.SetIterationTime(milliseconds(took) / 1000);
    state.counters["MB_per_s"] = static_cast<double>(log.size()) / 1000 / milliseconds(took);
    state.counters["server_cpu"] =
        (server.processor_seconds() - before) * 1000 / milliseconds(took);
    state.counters["shorter"] = static_cast<double>(log.size()) *
                                static_cast<double>(crowd.size()) /
                                static_cast<double>(crowd.received());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(crowd.received()));
  state.counters["p50_ms"] = at(behind, 0.5);
  state.counters["p99_ms"] = at(behind, 0.99);
}
void grows_gzip(benchmark::State& state) { grows(state, Crowd::Take::Gzip); }
void grows_plain(benchmark::State& state) { grows(state, Crowd::Take::Plain); }

}  // namespace

BENCHMARK(line)->Arg(1)->Arg(1'000)->Arg(10'000)->Iterations(50)->UseManualTime()->Unit(
    benchmark::kMillisecond);
BENCHMARK(bytes)->Arg(1)->Arg(100)->Arg(1'000)->Iterations(5)->UseManualTime()->Unit(
    benchmark::kMillisecond);
BENCHMARK(nginx)->Arg(1)->Arg(100)->Arg(1'000)->Iterations(5)->UseManualTime()->Unit(
    benchmark::kMillisecond);
BENCHMARK(grows_gzip)
    ->Args({100, 10})
    ->Args({1'000, 10})
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(grows_plain)
    ->Args({100, 10})
    ->Args({1'000, 1})
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
