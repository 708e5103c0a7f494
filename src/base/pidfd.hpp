#pragma once
// A descriptor that becomes readable when a process ends (Linux 5.3 or later).
#include <sys/types.h>

#include "base/fd.hpp"

namespace trainyard {

Fd open_pidfd(pid_t pid);  // throws Error

}  // namespace trainyard
