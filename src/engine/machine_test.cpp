#include "engine/machine.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/files.hpp"

namespace trainyard::engine {
namespace {

class FakeRoot {
 public:
  void write(const std::string& path, const std::string& text) {
    fs::create_directories((dir_.path() / path).parent_path());
    write_file_atomic(dir_.path() / path, text);
  }
  Machine machine() const { return this_machine(dir_.path()); }

 private:
  TempDir dir_;
};

TEST(Machine, TheLimitsOfTheCgroupCount) {
  FakeRoot root;
  root.write("proc/meminfo", "MemFree:  1 kB\nMemTotal:       16316412 kB\nBuffers: 2 kB\n");
  EXPECT_EQ(root.machine().memory_bytes, 16316412ULL * 1024);
  root.write("sys/fs/cgroup/memory.max", "max\n");
  EXPECT_EQ(root.machine().memory_bytes, 16316412ULL * 1024);
  root.write("sys/fs/cgroup/memory.max", "1073741824\n");
  EXPECT_EQ(root.machine().memory_bytes, 1073741824ULL);

  const unsigned cores = root.machine().cores;
  EXPECT_GE(cores, 1u);
  root.write("sys/fs/cgroup/cpu.max", "max 100000\n");
  EXPECT_EQ(root.machine().cores, cores);
  root.write("sys/fs/cgroup/cpu.max", "50000 100000\n");
  EXPECT_EQ(root.machine().cores, 1u);
  for (const char* broken : {"", "100", "1 0", "a b", "1 2 3"}) {
    root.write("sys/fs/cgroup/cpu.max", broken);
    EXPECT_EQ(root.machine().cores, cores) << broken;
  }
}

TEST(Machine, AnUnreadableProcTellsNothing) {
  FakeRoot root;
  EXPECT_EQ(root.machine().memory_bytes, 0u);
  root.write("proc/meminfo", "MemTotal: much\n");
  EXPECT_EQ(root.machine().memory_bytes, 0u);
}

TEST(Machine, AShareOfTheCores) {
  EXPECT_EQ(core_share(8, 8), "1 of 8 cores");
  EXPECT_EQ(core_share(2, 4), "0.5 of 2 cores");
  EXPECT_EQ(core_share(1, 3), "0.333 of 1 core");
  EXPECT_EQ(core_share(64, 4), "16 of 64 cores");
}

TEST(Machine, KnowsWhoDescendsFromWhom) {
  const pid_t self = ::getpid(), parent = ::getppid();
  EXPECT_EQ(parent_of(self), parent);
  EXPECT_TRUE(descends_from(self, {self}));
  EXPECT_TRUE(descends_from(self, {parent}));
  EXPECT_FALSE(descends_from(parent, {self}));
  EXPECT_FALSE(descends_from(self, {}));
  EXPECT_FALSE(parent_of(-5));
  EXPECT_FALSE(process_exists(0x7ffffff0));
  EXPECT_EQ(program_name(self), "engine_test");
  EXPECT_EQ(program_name(-5), "unknown program");
}

}  // namespace
}  // namespace trainyard::engine
