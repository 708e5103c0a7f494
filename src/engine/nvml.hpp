#pragma once
// The GPUs that NVIDIA's management library reports. The library belongs to the driver and is
// loaded at run time, so that the same program runs on machines without one.
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace trainyard::engine {

struct GpuProcess {
  pid_t pid = 0;
  std::optional<std::uint64_t> memory_bytes;  // the driver does not always know
};

struct Gpu {
  std::string uuid;  // "GPU-1f0a…"
  std::string name;  // "NVIDIA H100 80GB HBM3"
  std::uint64_t memory_bytes = 0;
  bool mig = false;                   // split into instances
  std::vector<GpuProcess> processes;  // that compute on it; programs that only draw are not listed
  std::string fault;  // why the driver does not tell who computes on it: it broke; else empty
};

class Nvml {
 public:
  // Throws NotFound when there is no such library, Unavailable with the driver's words when it does
  // not work (no driver loaded, library and driver of different versions).
  explicit Nvml(const std::filesystem::path& library);
  Nvml(Nvml&&) noexcept;
  Nvml& operator=(Nvml&&) noexcept;
  ~Nvml();

  // In the driver's order. A GPU that does not answer is left out. Throws Unavailable when the
  // driver does not.
  std::vector<Gpu> gpus() const;

 private:
  struct Library;
  std::unique_ptr<Library> library_;
};

}  // namespace trainyard::engine
