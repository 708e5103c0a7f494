// A stand-in for libnvidia-ml.so.1 that reports what the text file named by FAKE_NVML_FILE says,
// one item a line; built a second time with the calls of drivers before 450 alone (FAKE_NVML_V1).
//   init 18                          nvmlInit fails with this code
//   count 15                         nvmlDeviceGetCount fails with this code
//   gpu UUID BYTES MIG NAME…         in order; UUID "-": the GPU does not answer
//   process INDEX PID BYTES          on the GPU with this index; BYTES "-": not known
//   lost INDEX CODE                  who computes on it cannot be asked: fails with this code
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

struct Process {
  unsigned pid;
  unsigned long long memory;
};
struct Gpu {
  std::string uuid, name;
  unsigned long long memory = 0;
  unsigned mig = 0;
  int lost = 0;
  std::vector<Process> processes;
};
struct Machine {
  int init = 0, count = 0;
  std::vector<Gpu> gpus;
};

void read_line(std::istringstream line, Machine& machine) {
  std::string kind, memory;
  line >> kind;
  if (kind == "init") line >> machine.init;
  if (kind == "count") line >> machine.count;
  if (kind == "gpu") {
    Gpu gpu;
    line >> gpu.uuid >> gpu.memory >> gpu.mig >> std::ws;
    std::getline(line, gpu.name);
    machine.gpus.push_back(gpu);
  }
  if (kind == "lost") {
    std::size_t index = 0;
    line >> index;
    line >> machine.gpus.at(index).lost;
  }
  if (kind == "process") {
    std::size_t index = 0;
    Process process{};
    line >> index >> process.pid >> memory;
    process.memory = memory == "-" ? ~0ULL : std::stoull(memory);
    machine.gpus.at(index).processes.push_back(process);
  }
}

Machine machine() {
  Machine result;
  std::ifstream file(std::getenv("FAKE_NVML_FILE"));
  for (std::string line; std::getline(file, line);) read_line(std::istringstream(line), result);
  return result;
}

// Handles are indices plus one.
Gpu gpu_of(void* device) { return machine().gpus.at(reinterpret_cast<std::uintptr_t>(device) - 1); }

int copy_text(const std::string& text, char* buffer, unsigned length) {
  if (text.size() >= length) return 7;
  std::strcpy(buffer, text.c_str());
  return 0;
}

template <typename Record>
int copy_processes(void* device, unsigned* count, Record* records) {
  if (const int lost = gpu_of(device).lost) return lost;
  const auto processes = gpu_of(device).processes;
  const unsigned room = *count;
  *count = static_cast<unsigned>(processes.size());
  if (processes.size() > room) return 7;
  for (std::size_t i = 0; i < processes.size(); ++i) {
    records[i] = {};
    records[i].pid = processes[i].pid;
    records[i].memory = processes[i].memory;
  }
  return 0;
}

}  // namespace

extern "C" {

struct Memory {
  unsigned long long total, free, used;
};
struct RecordV1 {
  unsigned pid;
  unsigned long long memory;
};
struct RecordV2 {
  unsigned pid;
  unsigned long long memory;
  unsigned gpu_instance, compute_instance;
};

int nvmlInit_v2() { return machine().init; }
int nvmlShutdown() { return 0; }
const char* nvmlErrorString(int code) {
  return code == 18 ? "Driver/library version mismatch" : code == 15 ? "GPU is lost" : "Some error";
}
int nvmlDeviceGetCount_v2(unsigned* count) {
  const Machine now = machine();
  *count = static_cast<unsigned>(now.gpus.size());
  return now.count;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  *device = reinterpret_cast<void*>(std::uintptr_t{index} + 1);
  return gpu_of(*device).uuid == "-" ? 15 : 0;
}
int nvmlDeviceGetUUID(void* device, char* buffer, unsigned length) {
  return copy_text(gpu_of(device).uuid, buffer, length);
}
int nvmlDeviceGetName(void* device, char* buffer, unsigned length) {
  return copy_text(gpu_of(device).name, buffer, length);
}
int nvmlDeviceGetMemoryInfo(void* device, Memory* memory) {
  *memory = {gpu_of(device).memory, 0, 0};
  return 0;
}
int nvmlDeviceGetComputeRunningProcesses(void* device, unsigned* count, RecordV1* records) {
  return copy_processes(device, count, records);
}
#ifndef FAKE_NVML_V1
int nvmlDeviceGetComputeRunningProcesses_v2(void* device, unsigned* count, RecordV2* records) {
  return copy_processes(device, count, records);
}
int nvmlDeviceGetMigMode(void* device, unsigned* current, unsigned* pending) {
  *current = *pending = gpu_of(device).mig;
  return 0;
}
#endif
}
