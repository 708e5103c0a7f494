#include "base/pidfd.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <string>

#include "base/error.hpp"

namespace trainyard {

// Not through <sys/pidfd.h>: glibc 2.36 declares the function there without C linkage.
Fd open_pidfd(pid_t pid) {
  Fd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!fd) throw_errno("watch process " + std::to_string(pid));
  return fd;
}

}  // namespace trainyard
