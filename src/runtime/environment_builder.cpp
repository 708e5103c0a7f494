#include "runtime/environment_builder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "base/strings.hpp"

namespace trainyard::runtime {
namespace {

constexpr const char* kMarker = ".trainyard-complete";
constexpr std::size_t kQuotedLines = 8;

class BuildLog {
 public:
  explicit BuildLog(const fs::path& path)
      : file_(open_file(path, O_WRONLY | O_CREAT | O_APPEND, 0644)) {}
  void line(const std::string& text) { write_all(file_, text + "\n"); }

 private:
  Fd file_;
};

// Waits for the lock without holding up a stop request for more than a moment.
Fd lock_file(const fs::path& path, std::stop_token stop) {
  Fd fd = open_file(path, O_RDWR | O_CREAT, 0600);
  SystemClock clock;
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) throw_errno("lock " + path.string());
    if (!clock.sleep_for(Milliseconds(200), stop)) {
      throw Error(ErrorKind::Canceled, "the build was stopped");
    }
  }
  return fd;
}

std::string last_lines(const std::string& text, std::size_t count) {
  auto lines = split(std::string(trim(text)), '\n');
  if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<long>(count));
  return join(lines, "\n");
}

void let_all_read(const fs::path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) throw_errno("look at " + printable(path.native()));
  if (S_ISLNK(info.st_mode)) return;
  const bool enter = S_ISDIR(info.st_mode) || (info.st_mode & 0111) != 0;
  const mode_t mode = (info.st_mode & 07777) | (enter ? 0555 : 0444);
  if (mode == (info.st_mode & 07777)) return;
  if (::chmod(path.c_str(), mode) == 0 || errno == EPERM) return;  // a file of a cache of others'
  throw_errno("let all read " + printable(path.native()));
}

// Runs may have another user than the service. The installer's umask would not do: uv links files
// from its cache, and those have the modes that an earlier umask gave them.
void let_all_read_tree(const fs::path& root) {
  let_all_read(root);
  for (const auto& entry : fs::recursive_directory_iterator(root)) let_all_read(entry.path());
}

// uv reads UV_*; what the machine's pip was told about indexes and certificates holds for it too.
std::map<std::string, std::string> installer_environment() {
  auto env = current_environment();
  const auto copy = [&](const char* from, const char* to) {
    if (env.contains(from) && !env.contains(to)) env[to] = env[from];
  };
  copy("PIP_INDEX_URL", "UV_DEFAULT_INDEX");
  copy("PIP_EXTRA_INDEX_URL", "UV_INDEX");
  copy("PIP_CERT", "SSL_CERT_FILE");
  env.erase("VIRTUAL_ENV");
  env.erase("PYTHONPATH");
  env.erase("PYTHONHOME");
  env["PIP_DISABLE_PIP_VERSION_CHECK"] = "1";
  env["PIP_NO_INPUT"] = "1";
  return env;
}

class Build {
 public:
  Build(const BuildRequest& request, ProcessRunner& runner, std::stop_token stop)
      : request_(request), runner_(runner), stop_(stop), log_(request.log) {}

  void make(const fs::path& target) {
    log_.line(fmt::format("{}: building {} in {}", format_seconds(SystemClock().now()),
                          request_.spec.label(), target.string()));
    const std::string python = request_.spec.python.program.string();
    const auto uv = request_.uv ? request_.uv : install_uv(python);
    if (uv) {
      run({uv->string(), "venv", "--python", python, target.string()});
      install({uv->string(), "pip", "install", "--python", (target / "bin/python").string()});
    } else {
      run({python, "-m", "venv", target.string()});
      install({(target / "bin/python").string(), "-m", "pip", "install"});
    }
    run({(target / "bin/python").string(), "-c", "import sys; print(sys.version)"});
    let_all_read_tree(target);
    log_.line(fmt::format("{}: ready", format_seconds(SystemClock().now())));
  }

  BuildLog& log() { return log_; }

 private:
  void install(std::vector<std::string> argv) {
    argv.insert(argv.end(), request_.spec.packages.begin(), request_.spec.packages.end());
    run(argv);
  }

  void run(const std::vector<std::string>& argv) {
    log_.line("$ " + join(argv, " "));
    const Captured result = runner_.run(
        {.argv = argv, .env = installer_environment(), .timeout = request_.timeout}, stop_);
    if (!result.out.empty()) log_.line(std::string(trim(result.out)));
    if (!result.status.ok()) {
      throw Error(ErrorKind::Unavailable,
                  fmt::format("{} ended with code {}:\n{}", fs::path(argv[0]).filename().string(),
                              result.status.code, last_lines(result.out, kQuotedLines)));
    }
  }

  // uv in a small environment of its own; nullopt (pip is used then) when that fails.
  std::optional<fs::path> install_uv(const std::string& python) {
    const fs::path tools = request_.directory / "tools";
    const fs::path uv = tools / "bin/uv";
    if (fs::exists(uv)) return uv;
    const Fd lock = lock_file(request_.directory / "tools.lock", stop_);
    if (fs::exists(uv)) return uv;
    try {
      run({python, "-m", "venv", tools.string()});
      run({(tools / "bin/python").string(), "-m", "pip", "install", "uv"});
      return uv;
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::Canceled) throw;
      log_.line(std::string("uv could not be installed, pip is used: ") + e.what());
      return std::nullopt;
    }
  }

  const BuildRequest& request_;
  ProcessRunner& runner_;
  std::stop_token stop_;
  BuildLog log_;
};

}  // namespace

fs::path environment_path(const fs::path& directory, const std::string& id) {
  return directory / id;
}

bool environment_ready(const fs::path& directory, const std::string& id) {
  return fs::exists(environment_path(directory, id) / kMarker);
}

void build_environment(const BuildRequest& request, ProcessRunner& runner, std::stop_token stop) {
  const std::string id = request.spec.environment_id();
  const fs::path target = environment_path(request.directory, id);
  const Fd lock = lock_file(request.directory / (id + ".lock"), stop);
  if (environment_ready(request.directory, id)) return;
  remove_tree(target);
  Build build(request, runner, stop);
  try {
    build.make(target);
  } catch (const Error& e) {
    build.log().line(std::string("failed: ") + e.what());
    throw;
  }
  write_file_atomic(target / kMarker, join(request.spec.packages, "\n") + "\n", 0644);
}

}  // namespace trainyard::runtime
