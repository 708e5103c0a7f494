#pragma once
// Watches the disk that a run's files lie on while its command runs. A disk that is full to the
// last byte would hold up more than this run: its log takes no more output, and the service, whose
// records lie there too, can neither end nor delete it.
#include <cstdint>
#include <filesystem>

namespace trainyard::learner {

class DiskGuard {
 public:
  // `floor` bytes of the disk are to stay free; `work` is the run's directory.
  DiskGuard(std::filesystem::path work, std::uint64_t floor);

  // Has the command to end? When less than the floor is free and this run holds more than the floor
  // itself; when half of the floor is gone, whoever took it.
  bool must_end() const;

 private:
  const std::filesystem::path work_;
  const std::uint64_t floor_;
};

}  // namespace trainyard::learner
