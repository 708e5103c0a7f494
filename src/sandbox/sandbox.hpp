#pragma once
// What stands around a user's command: own mounts, pid and ipc namespaces, no view of the
// service's files, data read-only, no root (bubblewrap). Where bubblewrap does not work the command
// is a plain process, and `status` says so. The plan is pure; starting it is the caller's.
#include <sys/types.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/process.hpp"

namespace trainyard::sandbox {

enum class Access { ReadOnly, ReadWrite };

struct Mount {
  std::filesystem::path source;  // on the host; must exist
  std::filesystem::path target;  // absolute, inside; missing parents are made
  Access access = Access::ReadOnly;
};

struct User {  // numeric: the inside has no say in names
  uid_t uid = 0;
  gid_t gid = 0;
};

struct Spec {
  std::vector<std::string> argv;
  std::filesystem::path cwd;  // inside
  std::vector<Mount> mounts;  // in order: a later one may lie in an earlier one
  // Directories of the host that the inside must not see, wherever they lie (the service's state).
  std::vector<std::filesystem::path> hidden;
  std::vector<std::filesystem::path> devices;  // "/dev/nvidia0" …
  // When the service is root the command is not: it becomes this user. Unset: stays who it is.
  std::optional<User> user;
  bool network = true;
};

// The top of the host's file tree: what the inside gets read-only.
struct RootEntry {
  std::string name;     // "usr"
  std::string link_to;  // not empty: a symbolic link, "usr/bin"
};
std::vector<RootEntry> list_root();

// The bubblewrap command line for `spec`. Of the host's tree the inside sees everything but /home,
// /root, /tmp, /run, /mnt, /media, /srv, /var/tmp and `hidden`; /tmp, /run and /dev/shm are its own
// and empty.
std::vector<std::string> bubblewrap_command(const Spec& spec, const std::vector<RootEntry>& root);

struct Support {
  bool works = false;
  std::string reason;  // why not, and what to do
};
// Tries bubblewrap once for real.
Support probe_bubblewrap(ProcessRunner& runner);

}  // namespace trainyard::sandbox
