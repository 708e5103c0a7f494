#include "learner/verdict.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "learner/python_error.hpp"
#include "learner/test_assignment.hpp"

namespace trainyard::learner {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

using Lines = std::vector<std::string>;

struct Case {
  int exit_code;
  Lines output;
  std::string kind;
  std::string says;  // part of the message
  std::string code = "C201";
};

const std::vector<Case> kCases = {
    {1, {"epoch 3", "loss nan"}, "exit_code", "(exit code 1)"},
    {1,
     {"Traceback (most recent call last):", "  File \"train.py\", line 3, in <module>",
      "    main()", "ValueError: bad shape"},
     "python_error",
     "The program ended with ValueError: bad shape"},
    {1,
     {"Traceback (most recent call last):", "  File \"train.py\", line 3",
      "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"},
     "gpu_out_of_memory",
     "Tried to allocate 2.00 GiB); use a smaller batch"},
    {1, {"E tensorflow: OOM when allocating tensor with shape[9]"}, "gpu_out_of_memory", "GPU"},
    {1,
     {"Traceback (most recent call last):", "  File \"train.py\", line 3",
      "OSError: [Errno 28] No space left on device: '/tmp/x'"},
     "disk_full",
     "The disk ran full (OSError: [Errno 28]"},
    {1,
     {"Traceback (most recent call last):", "  File \"t.py\", line 1", "    import idx",
      "ModuleNotFoundError: No module named 'idx'"},
     "module_missing",
     "'idx'); put it into the zip"},
    {2,
     {"python3: can't open file '/job/model-code/trian.py': [Errno 2] No such file or directory"},
     "file_missing",
     "trian.py"},
    {1,
     {"Traceback (most recent call last):", "  File \"t.py\", line 1",
      "FileNotFoundError: [Errno 2] No such file or directory: '/mnt/data/x'"},
     "file_missing",
     "${DATA_DIR}"},
    {127, {"/bin/bash: line 1: pyhton: command not found"}, "command_not_found", "pyhton"},
    {126, {"/bin/bash: line 1: ./run.sh: Permission denied"}, "not_executable", "./run.sh"},
    {139, {"Fatal Python error: Segmentation fault"}, "signal", "signal 11 (Segmentation fault)"},
    {143, {}, "signal", "signal 15 (Terminated)"},
    {137, {"CUDA out of memory, trying a smaller batch"}, "killed", "SIGKILL"},
    {1, {"MemoryError"}, "out_of_memory", "refused memory"},
    {134,
     {"terminate called after throwing an instance of 'std::bad_alloc'"},
     "out_of_memory",
     "bad_alloc"},
    {1,
     {"RuntimeError: DataLoader worker is killed by signal: Bus error. It is possible that "
      "dataloader's workers are out of shared memory."},
     "shared_memory_full",
     "fewer data-loading workers"},
    {1, {"AssertionError: Torch not compiled with CUDA enabled"}, "gpu_unusable", "built for"},
    {1,
     {"bwrap: Can't find source path /x: No such file or directory"},
     "sandbox",
     "operator",
     "S101"},
    // A caught error further up is not the reason.
    {1,
     {"CUDA out of memory, trying a smaller batch",
      "Traceback (most recent call last):", "  File \"t.py\", line 1", "KeyError: 'lr'"},
     "python_error",
     "KeyError: 'lr'"},
    {255, {}, "exit_code", "(exit code 255)"},
};

TEST(Verdict, ACommandThatFilledTheDiskIsToldSo) {
  const auto verdict = judge_command({.exit_code = 137, .last_lines = {}, .out_of_room = true});
  EXPECT_EQ(verdict.kind, "disk_full");
  EXPECT_EQ(verdict.message,
            "The machine's disk was about to run full, and the command was ended before that; "
            "write less, or free space on the machine, and run again (exit code 137)");
}

TEST(Verdict, SaysWhatEndedTheCommand) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.kind + " from " + (c.output.empty() ? "nothing" : c.output.back()));
    const auto verdict = judge_command({.exit_code = c.exit_code, .last_lines = c.output});
    EXPECT_EQ(verdict.kind, c.kind);
    EXPECT_EQ(verdict.code, c.code);
    EXPECT_THAT(verdict.message, HasSubstr(c.says));
    EXPECT_EQ(verdict.exit_code, c.exit_code);
    EXPECT_EQ(verdict.last_lines, c.output);
  }
}

TEST(Verdict, TheKernelsOomKillerIsNamed) {
  const auto verdict =
      judge_command({.exit_code = 137, .last_lines = {}, .kernel_out_of_memory = true});
  EXPECT_EQ(verdict.kind, "out_of_memory");
  EXPECT_THAT(verdict.message, HasSubstr("the kernel killed the command"));
}

TEST(Verdict, ShowsTheLastTwentyLines) {
  Lines lines;
  for (int i = 0; i < 100; ++i) lines.push_back(std::to_string(i));
  const auto verdict = judge_command({.exit_code = 1, .last_lines = lines});
  ASSERT_THAT(verdict.last_lines, SizeIs(20));
  EXPECT_EQ(verdict.last_lines.front(), "80");
}

TEST(Verdict, AStepThatFailedIsNamedWithItsReason) {
  const auto code = [](Step step, ErrorKind kind) {
    return judge_error(step, Error(kind, "because")).code;
  };
  EXPECT_EQ(code(Step::LoadModel, ErrorKind::InvalidInput), "C102");
  EXPECT_EQ(code(Step::LoadModel, ErrorKind::Unavailable), "S301");
  EXPECT_EQ(code(Step::LoadData, ErrorKind::Forbidden), "C103");
  EXPECT_EQ(code(Step::LoadData, ErrorKind::Exhausted), "S302");
  EXPECT_EQ(code(Step::Store, ErrorKind::Unauthenticated), "C103");
  EXPECT_EQ(code(Step::Store, ErrorKind::Unavailable), "S303");
  EXPECT_EQ(code(Step::Runtime, ErrorKind::Unavailable), "S103");
  const auto verdict = judge_error(Step::LoadData, Error(ErrorKind::Exhausted, "no space in /x"));
  EXPECT_EQ(verdict.message, "The training data could not be loaded: no space in /x");
  EXPECT_EQ(verdict.kind, "data_not_loaded");
}

TEST(Verdict, SecretsThatAProgramPrintedAreBlottedOut) {
  const auto manifest = test_assignment().manifest;
  auto verdict = judge_command(
      {.exit_code = 1, .last_lines = {"key=the-secret-of-the-data!", "ValueError: x"}});
  verdict.message += " the-secret-of-the-data";
  verdict = without_secrets(verdict, manifest);
  EXPECT_EQ(verdict.last_lines.front(), "key=***!");
  EXPECT_THAT(verdict.message, Not(HasSubstr("the-secret")));
}

TEST(PythonError, IsTheEndOfTheLastTraceback) {
  EXPECT_EQ(python_error({"Traceback (most recent call last):", "  File", "KeyError: 1", "",
                          "During handling of the above exception, another exception occurred:", "",
                          "Traceback (most recent call last):", "  File", "    x()",
                          "mylib.Broken: no suffix", "more of it"}),
            "mylib.Broken: no suffix");
}

TEST(PythonError, AChildsErrorCountsForMoreThanItsLaunchers) {
  EXPECT_EQ(python_error({"[rank0]: Traceback (most recent call last):", "[rank0]:   File \"a\"",
                          "other process", "[rank0]: ValueError: bad shape",
                          "Traceback (most recent call last):", "  File",
                          "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: "}),
            "ValueError: bad shape");
}

TEST(PythonError, IsFoundWithoutTheTracebacksBeginning) {
  EXPECT_EQ(python_error({"    y = f(x)", "keras.errors.ShapeError: 3 != 4", "", "bye"}),
            "keras.errors.ShapeError: 3 != 4");
  EXPECT_EQ(python_error({"KeyboardInterrupt"}), "KeyboardInterrupt");
  EXPECT_EQ(python_error({"the Error of it", "Errors: 3", "loss 0.3"}), std::nullopt);
  EXPECT_EQ(python_error({}), std::nullopt);
}

}  // namespace
}  // namespace trainyard::learner
