#include "sandbox/sandbox.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.hpp"
#include "base/strings.hpp"

namespace trainyard::sandbox {
namespace {

namespace fs = std::filesystem;

// Not of the system: people's files, other programs' sockets, and what the inside gets of its own.
constexpr std::array<std::string_view, 12> kNotShared = {"dev", "proc", "home",       "root",
                                                         "tmp", "run",  "mnt",        "media",
                                                         "srv", "job",  "lost+found", "boot"};

bool shared(const RootEntry& entry) {
  return std::find(kNotShared.begin(), kNotShared.end(), entry.name) == kNotShared.end();
}

class CommandLine {
 public:
  template <typename... Words>
  void add(Words&&... words) {
    (argv_.push_back(std::string(words)), ...);
  }
  std::vector<std::string> take() { return std::move(argv_); }

 private:
  std::vector<std::string> argv_;
};

void add_system(CommandLine& line, const std::vector<RootEntry>& root) {
  for (const RootEntry& entry : root) {
    if (!shared(entry)) continue;
    const std::string path = "/" + entry.name;
    if (entry.link_to.empty()) {
      line.add("--ro-bind", path, path);
    } else {
      line.add("--symlink", entry.link_to, path);
    }
  }
  line.add("--proc", "/proc", "--dev", "/dev");
  for (const char* own : {"/tmp", "/run", "/var/tmp", "/dev/shm"}) {
    line.add("--perms", "1777", "--tmpfs", own);
  }
}

// bubblewrap makes missing parents for its own user alone.
void add_parents(CommandLine& line, const fs::path& target) {
  fs::path path = "/";
  for (const auto& part : target.parent_path().relative_path()) {
    path /= part;
    line.add("--perms", "0755", "--dir", path.string());
  }
}

void add_mounts(CommandLine& line, const Spec& spec) {
  for (const fs::path& hidden : spec.hidden) line.add("--tmpfs", hidden.string());
  for (const fs::path& device : spec.devices) {
    line.add("--dev-bind-try", device.string(), device.string());
  }
  for (const Mount& mount : spec.mounts) {
    add_parents(line, mount.target);
    line.add(mount.access == Access::ReadOnly ? "--ro-bind" : "--bind", mount.source.string(),
             mount.target.string());
  }
}

// bubblewrap keeps the two capabilities that setpriv needs to become the user; setpriv ends with
// none.
void add_user(CommandLine& line, const User& user) {
  line.add("setpriv", "--reuid", std::to_string(user.uid), "--regid", std::to_string(user.gid),
           "--clear-groups", "--bounding-set", "-all", "--inh-caps", "-all", "--no-new-privs");
}

}  // namespace

std::vector<RootEntry> list_root() {
  std::vector<RootEntry> result;
  for (const auto& entry : fs::directory_iterator("/")) {
    const std::string name = entry.path().filename().string();
    if (entry.is_symlink()) {
      result.push_back({name, fs::read_symlink(entry.path()).string()});
    } else if (entry.is_directory()) {
      result.push_back({name, ""});
    }
  }
  std::sort(result.begin(), result.end(),
            [](const RootEntry& a, const RootEntry& b) { return a.name < b.name; });
  return result;
}

std::vector<std::string> bubblewrap_command(const Spec& spec, const std::vector<RootEntry>& root) {
  CommandLine line;
  line.add("bwrap", "--die-with-parent", "--unshare-pid", "--unshare-ipc");
  if (!spec.network) line.add("--unshare-net");
  add_system(line, root);
  add_mounts(line, spec);
  if (spec.user) line.add("--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID");
  if (spec.user) line.add("--cap-add", "CAP_SETPCAP");
  line.add("--chdir", spec.cwd.string(), "--");
  if (spec.user) add_user(line, *spec.user);
  auto argv = line.take();
  argv.insert(argv.end(), spec.argv.begin(), spec.argv.end());
  return argv;
}

Support probe_bubblewrap(ProcessRunner& runner) {
  const Spec spec{
      .argv = {"true"}, .cwd = "/", .mounts = {}, .hidden = {}, .devices = {}, .user = {}};
  try {
    const Captured result = runner.run({.argv = bubblewrap_command(spec, list_root()),
                                        .timeout = Milliseconds(10'000),
                                        .limit = 4096});
    if (result.status.ok()) return {true, ""};
    return {false, fmt::format("bubblewrap does not work here ({}); commands run unconfined. Allow "
                               "user namespaces or run the service as root",
                               printable(trim(result.out)))};
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::NotFound) return {false, e.what()};
    return {false,
            "bubblewrap is not installed; commands run unconfined. Install it: apt install "
            "bubblewrap"};
  }
}

}  // namespace trainyard::sandbox
