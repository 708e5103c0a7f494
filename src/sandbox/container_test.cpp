#include "sandbox/container.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.hpp"

namespace trainyard::sandbox {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

ContainerSpec spec_for(std::string program) {
  return {.program = std::move(program),
          .image = "example/caffe:cpu",
          .name = "training-abcdefghi",
          .argv = {"/bin/sh", "-c", "caffe train"},
          .cwd = "/job/model-code",
          .mounts = {{"/state/data", "/mnt/data/b", Access::ReadOnly},
                     {"/state/out", "/mnt/results/b", Access::ReadWrite}},
          .env = {{"DATA_DIR", "/mnt/data/b"}, {"PATH", "/usr/bin"}},
          .gpus = {}};
}

TEST(Container, MountsDataReadOnlyAndResultsWritable) {
  const auto text = join(container_command(spec_for("podman")), " ");
  EXPECT_THAT(text, HasSubstr("--mount type=bind,source=/state/data,target=/mnt/data/b,readonly"));
  EXPECT_THAT(text, HasSubstr("--mount type=bind,source=/state/out,target=/mnt/results/b "));
  EXPECT_THAT(text, EndsWith("--entrypoint /bin/sh example/caffe:cpu -c caffe train"));
}

TEST(Container, KeepsTheImagesOwnSearchPath) {
  const auto text = join(container_command(spec_for("podman")), " ");
  EXPECT_THAT(text, HasSubstr("--env DATA_DIR=/mnt/data/b"));
  EXPECT_THAT(text, Not(HasSubstr("PATH=/usr/bin")));
}

TEST(Container, NamesGpusAsEachProgramWantsThem) {
  auto spec = spec_for("docker");
  spec.gpus = {"GPU-1", "GPU-2"};
  EXPECT_THAT(join(container_command(spec), " "), HasSubstr("--gpus \"device=GPU-1,GPU-2\""));
  spec.program = "podman";
  EXPECT_THAT(join(container_command(spec), " "),
              HasSubstr("--device nvidia.com/gpu=GPU-1 --device nvidia.com/gpu=GPU-2"));
}

}  // namespace
}  // namespace trainyard::sandbox
