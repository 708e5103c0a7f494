// Through the real dlopen, with a library that reports what a file says.
#include "engine/gpu_inventory.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "engine/local_capacity.hpp"

namespace trainyard::engine {
namespace {

using namespace std::chrono_literals;

class GpuInventoryTest : public testing::Test {
 protected:
  GpuInventoryTest() { ::setenv("FAKE_NVML_FILE", file_.c_str(), 1); }
  void report(const std::string& text) { std::ofstream(file_) << text; }

  TempDir dir_;
  fs::path file_ = dir_.path() / "gpus";
  const TimePoint now_{1000s};
  GpuInventory gpus_{FAKE_NVML};
};

// A process of another program, which lives as long as this object.
class Outsider {
 public:
  ~Outsider() {
    process_.kill(SIGKILL);
    process_.wait();
  }
  pid_t pid() const { return process_.pid(); }

 private:
  Pipe pipe_ = make_pipe();
  Process process_ =
      Process::spawn({.argv = {"cat"}, .env = current_environment(), .stdin_fd = pipe_.read.get()});
};

const std::string kTwoGpus =
    "gpu GPU-1f0a 85899345920 0 NVIDIA H100 80GB HBM3\n"
    "gpu GPU-2c3d 85899345920 0 NVIDIA H100 80GB HBM3\n";

TEST_F(GpuInventoryTest, EveryGpuIsASlotNamedByItsUuid) {
  report(kTwoGpus);
  const auto reading = gpus_.read({}, now_);
  ASSERT_EQ(reading.slots.size(), 2u);
  EXPECT_EQ(reading.slots[0].id, "GPU-1f0a");
  EXPECT_TRUE(reading.slots[0].gpu);
  EXPECT_EQ(reading.slots[0].model, "NVIDIA H100 80GB HBM3");
  EXPECT_EQ(reading.slots[0].memory_bytes, 80ULL << 30);
  EXPECT_EQ(reading.slots[0].unavailable, "");
  EXPECT_EQ(reading.slots[1].id, "GPU-2c3d");
  EXPECT_EQ(reading.problem, "");
}

TEST_F(GpuInventoryTest, AGpuThatAnotherProgramUsesIsBusy) {
  const Outsider outsider;
  const std::string pid = std::to_string(outsider.pid());
  report(kTwoGpus + "process 1 " + pid + " 3435973837\n");
  auto reading = gpus_.read({}, now_);
  EXPECT_EQ(reading.slots[0].unavailable, "");
  EXPECT_EQ(reading.slots[1].unavailable, "busy: pid " + pid + " (cat) uses 3.2 GiB of it");

  report(kTwoGpus + "process 1 " + pid + " -\nprocess 1 1 77\n");
  reading = gpus_.read({}, now_);
  EXPECT_EQ(reading.slots[1].unavailable,
            "busy: pid " + pid + " (cat) computes on it, and so does 1 more");
}

TEST_F(GpuInventoryTest, AGpuThatALearnersProcessUsesIsNot) {
  const Outsider child_of_ours, stranger;
  report(kTwoGpus + "process 0 " + std::to_string(child_of_ours.pid()) + " 1000\n");
  EXPECT_EQ(gpus_.read({::getpid()}, now_).slots[0].unavailable, "");
  EXPECT_EQ(gpus_.read({child_of_ours.pid()}, now_).slots[0].unavailable, "");
  EXPECT_NE(gpus_.read({stranger.pid()}, now_).slots[0].unavailable, "");
}

TEST_F(GpuInventoryTest, AProcessThatIsGoneDoesNotCount) {
  auto gone = Process::spawn({.argv = {"true"}, .env = current_environment()});
  const pid_t pid = gone.pid();
  gone.wait();
  { const auto collected = std::move(gone); }
  report(kTwoGpus + "process 0 " + std::to_string(pid) + " 1000\n");
  EXPECT_EQ(gpus_.read({}, now_).slots[0].unavailable, "");
}

TEST_F(GpuInventoryTest, MoreProcessesThanTheFirstBufferHolds) {
  const Outsider outsider;
  std::string text = kTwoGpus;
  for (int i = 0; i < 300; ++i) text += "process 0 " + std::to_string(outsider.pid()) + " 1024\n";
  report(text);
  const auto busy = gpus_.read({}, now_).slots[0].unavailable;
  EXPECT_TRUE(busy.ends_with("uses 1 KiB of it, and so do 299 more")) << busy;
}

TEST_F(GpuInventoryTest, AnOldDriverWorksToo) {
  const Outsider outsider;
  report(kTwoGpus + "process 1 " + std::to_string(outsider.pid()) + " 2048\n" + "process 1 " +
         std::to_string(outsider.pid()) + " 4096\n");
  const auto slots = GpuInventory(FAKE_NVML_V1).read({}, now_).slots;
  ASSERT_EQ(slots.size(), 2u);
  EXPECT_EQ(slots[0].unavailable, "");
  EXPECT_TRUE(slots[1].unavailable.ends_with("uses 2 KiB of it, and so does 1 more"));
}

TEST_F(GpuInventoryTest, AGpuInMigModeSaysWhatToDo) {
  report("gpu GPU-1f0a 1000 1 NVIDIA A100\n");
  EXPECT_EQ(
      gpus_.read({}, now_).slots.at(0).unavailable,
      "in MIG mode, which is not used here: turn it off with 'nvidia-smi -i GPU-1f0a -mig 0'");
}

TEST_F(GpuInventoryTest, AGpuThatStopsAnsweringStaysInTheList) {
  report(kTwoGpus);
  gpus_.read({}, now_);
  report("gpu - 1000 0 NVIDIA H100\ngpu GPU-2c3d 1000 0 NVIDIA H100\n");
  const auto slots = gpus_.read({}, now_).slots;
  ASSERT_EQ(slots.size(), 2u);
  EXPECT_EQ(slots[0].id, "GPU-2c3d");
  EXPECT_EQ(slots[0].unavailable, "");
  EXPECT_EQ(slots[1].id, "GPU-1f0a");
  EXPECT_TRUE(
      slots[1].unavailable.starts_with("unusable: the NVIDIA driver does not report it any more"));
  report(kTwoGpus);
  for (const auto& slot : gpus_.read({}, now_).slots) EXPECT_EQ(slot.unavailable, "") << slot.id;
}

TEST_F(GpuInventoryTest, AGpuWhoseUsersCannotBeAskedForIsNotGivenOut) {
  report(kTwoGpus + "lost 0 15\nlost 1 3\n");
  const auto slots = gpus_.read({}, now_).slots;
  ASSERT_EQ(slots.size(), 2u);
  EXPECT_EQ(slots[0].unavailable,
            "unusable: the NVIDIA driver does not tell who uses it: GPU is lost (NVML error 15); "
            "look for Xid in the kernel's log, and restart the machine");
  EXPECT_EQ(slots[1].unavailable, "");  // a GPU that never tells
}

TEST_F(GpuInventoryTest, ADriverThatStopsAnsweringMakesNoCpuMachine) {
  report(kTwoGpus);
  gpus_.read({}, now_);
  report("count 15\n");
  auto reading = gpus_.read({}, now_);
  ASSERT_EQ(reading.slots.size(), 2u);
  EXPECT_EQ(reading.slots[0].unavailable,
            "unusable: the NVIDIA driver does not answer: GPU is lost (NVML error 15); look for "
            "Xid in the kernel's log, and restart the machine");
  report(kTwoGpus);
  EXPECT_NE(gpus_.read({}, now_ + 59s).slots[0].unavailable, "") << "asked again too soon";
  EXPECT_EQ(gpus_.read({}, now_ + 60s).slots[0].unavailable, "");
}

TEST_F(GpuInventoryTest, ADriverThatComesLaterIsFound) {
  report("init 18\n");
  EXPECT_EQ(gpus_.read({}, now_).problem,
            "the NVIDIA driver does not start: Driver/library version mismatch (NVML error 18); it "
            "was updated while an older one runs: restart the machine");
  report(kTwoGpus);
  EXPECT_TRUE(gpus_.read({}, now_ + 30s).slots.empty());
  EXPECT_EQ(gpus_.read({}, now_ + 60s).slots.size(), 2u);
}

TEST_F(GpuInventoryTest, ADriverWithoutAGpuSaysSo) {
  report("");
  const auto reading = gpus_.read({}, now_);
  EXPECT_TRUE(reading.slots.empty());
  EXPECT_EQ(reading.problem, "the NVIDIA driver reports no GPU");
}

TEST_F(GpuInventoryTest, ALibraryThatCannotBeLoadedSaysWhy) {
  std::ofstream(dir_.path() / "libnvidia-ml.so.1") << "not ELF at all";
  const auto broken = GpuInventory(dir_.path() / "libnvidia-ml.so.1").read({}, now_);
  EXPECT_NE(broken.problem.find("cannot be loaded: "), std::string::npos) << broken.problem;
  const auto none = GpuInventory("libno-such-library.so.1").read({}, now_);
  EXPECT_EQ(none.problem, "no NVIDIA driver library on this machine");
}

TEST_F(GpuInventoryTest, ALibraryThatIsSomethingElseIsRefused) {
  const auto reading = GpuInventory("libc.so.6").read({}, now_);
  EXPECT_EQ(reading.problem,
            "the NVIDIA driver library is older than this program can use: update the driver");
}

TEST_F(GpuInventoryTest, TheDriverIsAskedOnceASecond) {
  LocalCapacity capacity(FAKE_NVML, std::nullopt);
  report(kTwoGpus);
  EXPECT_TRUE(capacity.read({}, now_).gpus);
  report("gpu GPU-1f0a 1000 1 NVIDIA A100\n");
  EXPECT_EQ(capacity.read({}, now_ + 999ms).slots.at(0).unavailable, "");
  EXPECT_NE(capacity.read({}, now_ + 1000ms).slots.at(0).unavailable, "");
  EXPECT_EQ(capacity.read({}, now_ + 1000ms).note, "");
}

}  // namespace
}  // namespace trainyard::engine
