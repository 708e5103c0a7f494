#pragma once
// Runs directories in which stub learners do what a test says, without waiting by the clock.
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <array>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "base/files.hpp"
#include "base/pidfd.hpp"
#include "engine/compute_engine.hpp"
#include "engine/learner_handle.hpp"
#include "engine/local_engine.hpp"

namespace trainyard::engine {

class StubRuns {
 public:
  fs::path directory() const { return parent_.path() / "runs"; }
  fs::path of(const model::RunId& run) const { return directory() / run.str(); }

  LocalEngineOptions options() const {
    return {.program = STUB_LEARNER,
            .runs_directory = directory(),
            .environment = {{"PATH", "/usr/bin:/bin"}, {"ML_PASSWORD", "secret"}},
            .cpu_slots = 4,
            .nvml_library = "/nonexistent/libnvidia-ml.so.1"};
  }

  // Before the run's first submit.
  void prepare(const model::RunId& run) {
    make_private_dir(of(run));
    make_fifo(of(run) / "control");
    make_fifo(of(run) / "ready");
    ready_.insert_or_assign(run, open_file(of(run) / "ready", O_RDWR));
  }
  // Returns when a learner of the run has the lock; once for each learner.
  void await_lock(const model::RunId& run) {
    std::array<std::byte, 1> byte{};
    read_some(ready_.at(run), byte);
  }
  void order(const model::RunId& run, std::string_view what) {
    const auto& fd = orders_.emplace_back(open_file(of(run) / "control", O_RDWR));
    write_all(fd, std::string(what) + "\n");
  }
  // Returns when the process of `handle` has ended.
  static void await_end(const std::string& handle) {
    const auto learner = LearnerHandle::parse(handle).value();
    if (!learner.process.alive()) return;
    const Fd fd = open_pidfd(learner.process.pid);
    pollfd poll_fd{fd.get(), POLLIN, 0};
    ::poll(&poll_fd, 1, -1);
  }

 private:
  static void make_fifo(const fs::path& path) {
    if (::mkfifo(path.c_str(), 0600) != 0 && errno != EEXIST) throw_errno("mkfifo");
  }
  TempDir parent_;
  // What was written stays in a fifo while somebody has it open.
  std::map<model::RunId, Fd> ready_;
  std::vector<Fd> orders_;
};

}  // namespace trainyard::engine
