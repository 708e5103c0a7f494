#pragma once
#include <chrono>
#include <ctime>

namespace trainyard {

// What the processors have worked for the calling thread.
inline std::chrono::nanoseconds thread_processor_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace trainyard
