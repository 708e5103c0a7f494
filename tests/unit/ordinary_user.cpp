// Linked into unit test programs: root may open any file whatever its mode is, and the service
// is seldom root. What runs the tests as root loses that right before they begin, and so do the
// programs that they start.
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace {

constexpr unsigned kRightsOfRoot[] = {CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH};

void require(bool done, const char* what) {
  if (done) return;
  std::perror(what);
  std::exit(1);
}

const bool kIsOrdinary = [] {
  if (::geteuid() != 0) return true;
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
  require(::syscall(SYS_capget, &header, sets) == 0, "ask for the rights of the tests");
  for (const unsigned right : kRightsOfRoot) {
    ::prctl(PR_CAPBSET_DROP, right, 0, 0, 0);  // refused where that was done before
    auto& set = sets[CAP_TO_INDEX(right)];
    set.effective &= ~CAP_TO_MASK(right);
    set.permitted &= ~CAP_TO_MASK(right);
    set.inheritable &= ~CAP_TO_MASK(right);
  }
  require(::syscall(SYS_capset, &header, sets) == 0, "give up the rights of root");
  return true;
}();

}  // namespace
