#include "engine/nvml.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <array>
#include <limits>
#include <utility>

#include "base/error.hpp"

namespace trainyard::engine {

namespace {

// The part of NVML's C interface (nvml.h, stable since driver 295) that is used here.
extern "C" {
struct NvmlMemory {
  unsigned long long total, free, used;
};
struct NvmlProcessV1 {
  unsigned pid;
  unsigned long long used_memory;
};
struct NvmlProcessV2 {
  unsigned pid;
  unsigned long long used_memory;
  unsigned gpu_instance, compute_instance;
};
}
using Device = void*;
using Result = int;

constexpr Result kSuccess = 0;
constexpr Result kNotSupported = 3;  // by old or virtual GPUs, which work all the same
constexpr Result kNoPermission = 4;
constexpr Result kInsufficientSize = 7;
constexpr Result kDriverNotLoaded = 9;
constexpr Result kGpuIsLost = 15;
constexpr Result kVersionMismatch = 18;
constexpr unsigned kMigEnabled = 1;
constexpr auto kNotAvailable = std::numeric_limits<unsigned long long>::max();
constexpr std::size_t kTextSize = 96;
constexpr unsigned kMaxProcesses = 4096;

// What a user of the machine can do about it; empty when nobody knows.
std::string_view remedy(Result code) {
  switch (code) {
    case kNoPermission:
      return "; the service's user must be let at /dev/nvidia*";
    case kDriverNotLoaded:
      return "; load it with 'modprobe nvidia', or restart the machine";
    case kGpuIsLost:
      return "; look for Xid in the kernel's log, and restart the machine";
    case kVersionMismatch:
      return "; it was updated while an older one runs: restart the machine";
    default:
      return "";
  }
}

std::optional<std::uint64_t> known(unsigned long long bytes) {
  return bytes == kNotAvailable ? std::nullopt : std::optional<std::uint64_t>(bytes);
}

// Driver 535 wrote longer records through an unchanged function, and others got shorter ones: the
// buffer has room for twice what is announced, and only the pid and memory, which stand first, are
// used. A pid that is not there is left out by the reader.
template <typename Record, typename Function>
Result list_processes(Function function, Device device, std::vector<GpuProcess>& result) {
  for (unsigned room = 64; room <= kMaxProcesses; room *= 4) {
    std::vector<Record> records(std::size_t{room} * 2);
    unsigned count = room;
    const Result code = function(device, &count, records.data());
    if (code == kInsufficientSize) continue;
    if (code != kSuccess) return code == kNotSupported ? kSuccess : code;
    for (unsigned i = 0; i < count && i < room; ++i)
      result.push_back({static_cast<pid_t>(records[i].pid), known(records[i].used_memory)});
    return kSuccess;
  }
  return kInsufficientSize;
}

}  // namespace

struct Nvml::Library {
  template <typename T>
  using ProcessCall = Result (*)(Device, unsigned*, T*);
  using TextCall = Result (*)(Device, char*, unsigned);

  void* handle = nullptr;
  bool initialised = false;
  Result (*init)() = nullptr;
  Result (*shutdown)() = nullptr;
  const char* (*error_text)(Result) = nullptr;
  Result (*count)(unsigned*) = nullptr;
  Result (*by_index)(unsigned, Device*) = nullptr;
  TextCall uuid = nullptr;
  TextCall name = nullptr;
  Result (*memory)(Device, NvmlMemory*) = nullptr;
  Result (*mig_mode)(Device, unsigned*, unsigned*) = nullptr;  // since driver 450
  ProcessCall<NvmlProcessV1> processes_v1 = nullptr;
  ProcessCall<NvmlProcessV2> processes_v2 = nullptr;  // since driver 465; _v3 has the same record

  explicit Library(const std::filesystem::path& path);
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library();

  template <typename Function>
  bool load(Function& function, const char* symbol) {
    function = reinterpret_cast<Function>(::dlsym(handle, symbol));
    return function != nullptr;
  }
  bool load_all();
  void check(Result code, std::string_view what) const;
  std::string text(TextCall call, Device device) const;
  std::string words(Result code) const;  // "GPU is lost (NVML error 15); restart the machine"
  void read_processes(Device device, Gpu& gpu) const;
  std::optional<Gpu> gpu(unsigned index) const;
};

Nvml::Library::Library(const std::filesystem::path& path) {
  handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle != nullptr) return;
  const char* reason = ::dlerror();
  const std::string_view text = reason == nullptr ? "" : reason;
  if (text.empty() || text.find("No such file") != text.npos) {
    throw Error(ErrorKind::NotFound, "no NVIDIA driver library on this machine");
  }
  throw Error(ErrorKind::NotFound,
              fmt::format("the NVIDIA driver library cannot be loaded: {}", text));
}

Nvml::Library::~Library() {
  if (initialised) shutdown();
  ::dlclose(handle);
}

bool Nvml::Library::load_all() {
  load(mig_mode, "nvmlDeviceGetMigMode");
  load(processes_v1, "nvmlDeviceGetComputeRunningProcesses");
  if (!load(processes_v2, "nvmlDeviceGetComputeRunningProcesses_v2"))
    load(processes_v2, "nvmlDeviceGetComputeRunningProcesses_v3");
  return load(init, "nvmlInit_v2") && load(shutdown, "nvmlShutdown") &&
         load(error_text, "nvmlErrorString") && load(count, "nvmlDeviceGetCount_v2") &&
         load(by_index, "nvmlDeviceGetHandleByIndex_v2") && load(uuid, "nvmlDeviceGetUUID") &&
         load(name, "nvmlDeviceGetName") && load(memory, "nvmlDeviceGetMemoryInfo");
}

void Nvml::Library::check(Result code, std::string_view what) const {
  if (code != kSuccess)
    throw Error(ErrorKind::Unavailable, fmt::format("the NVIDIA driver {}: {}", what, words(code)));
}

std::string Nvml::Library::words(Result code) const {
  return fmt::format("{} (NVML error {}){}", error_text(code), code, remedy(code));
}

std::string Nvml::Library::text(TextCall call, Device device) const {
  std::array<char, kTextSize + 1> buffer{};
  return call(device, buffer.data(), kTextSize) == kSuccess ? buffer.data() : "";
}

void Nvml::Library::read_processes(Device device, Gpu& gpu) const {
  Result code = kSuccess;
  if (processes_v2) {
    code = list_processes<NvmlProcessV2>(processes_v2, device, gpu.processes);
  } else if (processes_v1) {
    code = list_processes<NvmlProcessV1>(processes_v1, device, gpu.processes);
  }
  if (code != kSuccess) gpu.fault = words(code);
}

std::optional<Gpu> Nvml::Library::gpu(unsigned index) const {
  Device device = nullptr;
  if (by_index(index, &device) != kSuccess) return std::nullopt;
  Gpu result{text(uuid, device), text(name, device), 0, false, {}, {}};
  if (result.uuid.empty()) return std::nullopt;
  NvmlMemory bytes{};
  if (memory(device, &bytes) == kSuccess) result.memory_bytes = bytes.total;
  unsigned current = 0, pending = 0;
  result.mig =
      mig_mode && mig_mode(device, &current, &pending) == kSuccess && current == kMigEnabled;
  if (!result.mig) read_processes(device, result);
  return result;
}

Nvml::Nvml(const std::filesystem::path& library) : library_(std::make_unique<Library>(library)) {
  if (!library_->load_all())
    throw Error(ErrorKind::Unavailable,
                "the NVIDIA driver library is older than this program can use: update the driver");
  library_->check(library_->init(), "does not start");
  library_->initialised = true;
}

Nvml::Nvml(Nvml&&) noexcept = default;
Nvml& Nvml::operator=(Nvml&&) noexcept = default;
Nvml::~Nvml() = default;

std::vector<Gpu> Nvml::gpus() const {
  unsigned count = 0;
  library_->check(library_->count(&count), "does not answer");
  std::vector<Gpu> result;
  for (unsigned index = 0; index < count; ++index)
    if (auto gpu = library_->gpu(index)) result.push_back(std::move(*gpu));
  return result;
}

}  // namespace trainyard::engine
