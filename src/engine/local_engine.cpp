#include "engine/local_engine.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/pidfd.hpp"
#include "base/sync.hpp"
#include "engine/learner_environment.hpp"
#include "engine/learner_handle.hpp"
#include "engine/local_capacity.hpp"
#include "engine/work_dir.hpp"

namespace trainyard::engine {

namespace {

constexpr std::string_view kForgotten = ".forgotten-";

// Through a pidfd, so that a stranger that gets the pid in between is safe.
void terminate(const ProcessIdentity& process) {
  if (!process.alive()) return;
  try {
    const Fd handle = open_pidfd(process.pid);
    if (process.alive()) ::syscall(SYS_pidfd_send_signal, handle.get(), SIGTERM, nullptr, 0);
  } catch (const Error& e) {
    if (process.alive()) throw;
  }
}

std::string describe_exit(const ExitStatus& status, const std::string& last_words) {
  const auto how = status.signal != 0 ? fmt::format("killed by signal {}", status.signal)
                                      : fmt::format("exit code {}", status.code);
  return last_words.empty() ? how : fmt::format("{}; its last words: {}", how, last_words);
}

class LocalEngine final : public ComputeEngine {
 public:
  LocalEngine(LocalEngineOptions options, Clock& clock);

  const Traits& traits() const override { return traits_; }
  Capacity capacity() override;
  std::string submit(const LearnerSpec& spec) override;
  std::vector<Observation> observe(std::span<const std::string> handles) override;
  void cancel(const std::string& handle, Milliseconds grace) override;
  void forget(const model::RunId& run) override;

 private:
  struct Child {
    LearnerHandle handle;
    Process process;
  };
  struct Learners {
    std::vector<Child> children;  // started by this process and not collected yet
    std::set<pid_t> pids;         // of all that live, as far as known
  };

  WorkDir work_dir(const model::RunId& run) const { return {options_.runs_directory, run}; }
  std::vector<std::string> command(const LearnerSpec& spec, const WorkDir& dir) const;
  std::optional<LearnerHandle> started_before(const LearnerSpec& spec, const WorkDir& dir) const;
  LearnerHandle start(const LearnerSpec& spec, const WorkDir& dir, Learners& learners) const;
  std::optional<ProcessIdentity> living(const LearnerHandle& handle) const;
  void collect(Learners& learners) const;
  std::string how_it_ended(const LearnerHandle& handle) const;
  void sweep() const;

  const Traits traits_{.name = "local"};
  const LocalEngineOptions options_;
  const std::map<std::string, std::string> environment_;
  Clock& clock_;
  Sync<Learners> learners_;
  Sync<LocalCapacity> capacity_;
};

LocalEngineOptions checked(LocalEngineOptions options) {
  options.runs_directory = fs::absolute(options.runs_directory);
  make_private_dir(options.runs_directory);
  return options;
}

LocalEngine::LocalEngine(LocalEngineOptions options, Clock& clock)
    : options_(checked(std::move(options))),
      environment_(learner_environment(options_.environment)),
      clock_(clock),
      capacity_(LocalCapacity(options_.nvml_library, options_.cpu_slots)) {
  sweep();
}

// ---- starting ---------------------------------------------------------------------------------

std::vector<std::string> LocalEngine::command(const LearnerSpec& spec, const WorkDir& dir) const {
  std::vector<std::string> argv{options_.program.native(),
                                "learner",
                                "--run",
                                spec.run.str(),
                                "--attempt",
                                std::to_string(spec.attempt),
                                "--server",
                                spec.server_url,
                                "--work-dir",
                                dir.path().native()};
  argv.insert(argv.end(), options_.learner_arguments.begin(), options_.learner_arguments.end());
  return argv;
}

// The service may have been killed after it started the learner and before it noted the handle.
// Then the learner's own lock tells; and if it has not come that far, the lock will keep it or the
// one that is started now from working.
std::optional<LearnerHandle> LocalEngine::started_before(const LearnerSpec& spec,
                                                         const WorkDir& dir) const {
  if (auto handle = dir.handle_of(spec.attempt)) return handle;
  const auto learner = dir.lock_taken_by(spec.attempt);
  if (!learner) return std::nullopt;
  const LearnerHandle handle{spec.run, spec.attempt, *learner};
  dir.write_handle(handle);
  return handle;
}

LearnerHandle LocalEngine::start(const LearnerSpec& spec, const WorkDir& dir,
                                 Learners& learners) const {
  dir.write_token(spec.token);
  const Fd log = dir.open_learner_log();
  Process process = Process::spawn({.argv = command(spec, dir),
                                    .env = environment_,
                                    .cwd = dir.path(),
                                    .stdout_fd = log.get(),
                                    .stderr_fd = log.get(),
                                    .extra_fds = {},
                                    .new_session = true});
  // Ours until it is collected, so that it has an identity even when it ended at once.
  const LearnerHandle handle{spec.run, spec.attempt, ProcessIdentity::of(process.pid()).value()};
  learners.pids.insert(process.pid());
  learners.children.push_back({handle, std::move(process)});
  dir.write_handle(handle);
  return handle;
}

std::string LocalEngine::submit(const LearnerSpec& spec) {
  return with_context(fmt::format("start a learner for {}", spec.run.str()), [&] {
    const WorkDir dir = work_dir(spec.run);
    auto learners = learners_.lock();
    dir.create();
    const auto earlier = started_before(spec, dir);
    return (earlier ? *earlier : start(spec, dir, *learners)).to_string();
  });
}

// ---- watching ---------------------------------------------------------------------------------

// The process of the handle; or, when that one found the lock taken and ended, the one that took
// it.
std::optional<ProcessIdentity> LocalEngine::living(const LearnerHandle& handle) const {
  if (handle.process.alive()) return handle.process;
  const auto learner = work_dir(handle.run).lock_taken_by(handle.attempt);
  return learner && learner->alive() ? learner : std::nullopt;
}

void LocalEngine::collect(Learners& learners) const {
  std::erase_if(learners.children, [&](Child& child) {
    const auto status = child.process.try_wait();
    if (!status) return false;
    const WorkDir dir = work_dir(child.handle.run);
    try {
      dir.write_exit(child.handle.attempt, describe_exit(*status, dir.last_words()));
    } catch (const Error& e) {
      log::warn("cannot note how the learner of {} ended: {}", child.handle.run.str(), e.what());
    }
    return true;
  });
}

std::string LocalEngine::how_it_ended(const LearnerHandle& handle) const {
  if (handle.process.boot_id != boot_id()) return "the machine was restarted";
  const auto noted = work_dir(handle.run).exit_of(handle.attempt);
  return noted.value_or("the learner ended while the service was not running");
}

std::vector<Observation> LocalEngine::observe(std::span<const std::string> handles) {
  auto learners = learners_.lock();
  std::vector<std::optional<LearnerHandle>> parsed;
  std::vector<Observation> result;
  std::set<pid_t> pids;
  for (const std::string& text : handles) {
    parsed.push_back(LearnerHandle::parse(text));
    const auto process = parsed.back() ? living(*parsed.back()) : std::nullopt;
    if (process) pids.insert(process->pid);
    result.push_back({text, process ? LearnerState::Running : LearnerState::Exited, ""});
  }
  collect(*learners);
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (result[i].state != LearnerState::Exited) continue;
    result[i].detail = parsed[i] ? how_it_ended(*parsed[i]) : "not a handle of this engine";
  }
  learners->pids = std::move(pids);
  return result;
}

Capacity LocalEngine::capacity() {
  const auto pids = learners_.with([](const Learners& learners) { return learners.pids; });
  return capacity_.lock()->read(pids, clock_.now());
}

void LocalEngine::cancel(const std::string& handle, Milliseconds) {
  const auto parsed = LearnerHandle::parse(handle);
  if (!parsed) return;
  if (const auto learner = work_dir(parsed->run).lock_taken_by(parsed->attempt))
    terminate(*learner);
}

// ---- cleaning up ------------------------------------------------------------------------------

// Renamed first: a learner that is about to end may still write into it, and a killed service
// leaves nothing that looks like a run.
void LocalEngine::forget(const model::RunId& run) {
  const fs::path from = work_dir(run).path();
  const fs::path to =
      options_.runs_directory / fmt::format("{}{}-{}", kForgotten, run.str(), random_hex(4));
  std::error_code code;
  fs::rename(from, to, code);
  if (code == std::errc::no_such_file_or_directory) return;
  if (code) throw system_error(fmt::format("remove {}", from.string()), code.value());
  remove_tree(to);
}

void LocalEngine::sweep() const {
  for (const auto& entry : fs::directory_iterator(options_.runs_directory)) {
    if (!entry.path().filename().native().starts_with(kForgotten)) continue;
    try {
      remove_tree(entry.path());
    } catch (const Error& e) {
      log::warn("cannot remove what is left of an ended run: {}", e.what());
    }
  }
}

}  // namespace

std::unique_ptr<ComputeEngine> make_local_engine(LocalEngineOptions options, Clock& clock) {
  return std::make_unique<LocalEngine>(std::move(options), clock);
}

}  // namespace trainyard::engine
