#pragma once
// For tests: the modes that files get.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

namespace trainyard {

// The mask that new files get, for one test.
class Umask {
 public:
  explicit Umask(mode_t mask) : before_(::umask(mask)) {}
  Umask(const Umask&) = delete;
  ~Umask() { ::umask(before_); }

 private:
  mode_t before_;
};

inline mode_t mode_of(const std::filesystem::path& path) {
  struct stat info {};
  EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

}  // namespace trainyard
