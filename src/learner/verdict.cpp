#include "learner/verdict.hpp"

#include <fmt/format.h>

#include <cstring>
#include <string_view>

#include "base/strings.hpp"
#include "learner/python_error.hpp"

namespace trainyard::learner {
namespace {

constexpr int kSignalBase = 128, kKilled = 137, kNotFound = 127, kNotExecutable = 126;
constexpr std::size_t kShownLines = 20;
constexpr std::size_t kShortestSecret = 6;  // blotting out less would hide innocent text

using Lines = std::vector<std::string>;

// What output means. The first sign with a mark in the output's end is it.
struct Sign {
  std::vector<std::string_view> marks;
  std::string_view kind, happened, remedy;
  std::string_view code = "C201";
};

const std::vector<Sign>& signs() {
  static const std::vector<Sign> table = {
      {{"CUDA out of memory", "cuda.OutOfMemoryError", "CUDA_ERROR_OUT_OF_MEMORY",
        "OOM when allocating", "RESOURCE_EXHAUSTED: Out of memory"},
       "gpu_out_of_memory",
       "The GPU ran out of memory",
       "use a smaller batch or model, or more GPUs"},
      {{"No space left on device", "Disk quota exceeded"},
       "disk_full",
       "The disk ran full",
       "write less, or free space on the machine, and run again"},
      {{"out of shared memory", "insufficient shared memory"},
       "shared_memory_full",
       "Shared memory (/dev/shm) ran full",
       "use fewer data-loading workers"},
      {{"std::bad_alloc", "MemoryError", "Cannot allocate memory"},
       "out_of_memory",
       "The program was refused memory",
       "use smaller batches or load less data at once"},
      {{"no CUDA-capable device", "CUDA driver version is insufficient",
        "no kernel image is available", "Torch not compiled with CUDA"},
       "gpu_unusable",
       "The program could not use the GPU",
       "choose a framework version that is built for this machine's GPU and driver"},
      {{"ModuleNotFoundError", "No module named"},
       "module_missing",
       "A Python module is missing",
       "put it into the zip, choose a framework that has it, or install it in the command"},
      {{"can't open file", "FileNotFoundError"},
       "file_missing",
       "A file was not found",
       "the bucket's files lie in ${DATA_DIR}, the zip's in ${MODEL_DIR}, where the command "
       "starts"},
      {{"bwrap: ", "setpriv: "},
       "sandbox",
       "The sandbox around the command could not be set up",
       "tell the operator of the service",
       "S101"},
  };
  return table;
}

struct Finding {
  std::string kind;
  std::string message;
  std::string_view code = "C201";
};

std::optional<Finding> find_sign(const Lines& lines) {
  for (const Sign& sign : signs()) {
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
      for (const auto mark : sign.marks) {
        if (line->find(mark) == std::string::npos) continue;
        return Finding{std::string(sign.kind),
                       fmt::format("{} ({}); {}", sign.happened, trim(*line), sign.remedy),
                       sign.code};
      }
    }
  }
  return std::nullopt;
}

Lines last(const Lines& lines, std::size_t count) {
  if (lines.size() <= count) return lines;
  return {lines.end() - static_cast<long>(count), lines.end()};
}

Finding killed(const CommandEnd& end) {
  if (end.kernel_out_of_memory) {
    return {"out_of_memory",
            "The machine ran out of memory and the kernel killed the command; use smaller batches, "
            "load less data at once, or ask for a machine with more memory"};
  }
  return {"killed",
          "The command was killed by signal 9 (SIGKILL), most often because memory ran out; look "
          "at its memory use, or at who else on the machine may have killed it"};
}

std::string shell_complaint(const Lines& lines) {
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    for (const char* mark : {"not found", "No such file", "ermission denied", "cannot execute"}) {
      if (line->find(mark) != std::string::npos) return fmt::format(" ({})", trim(*line));
    }
  }
  return {};
}

Finding find_cause(const CommandEnd& end) {
  if (end.out_of_room) {
    return {"disk_full",
            "The machine's disk was about to run full, and the command was ended before that; "
            "write less, or free space on the machine, and run again"};
  }
  if (end.exit_code == kKilled) return killed(end);
  const auto python = python_error(end.last_lines);
  // A caught error further up is not what ended the program.
  if (auto sign = find_sign(python ? Lines{*python} : last(end.last_lines, kShownLines))) {
    return std::move(*sign);
  }
  if (python) return {"python_error", "The program ended with " + *python};
  if (end.exit_code == kNotFound) {
    return {"command_not_found",
            fmt::format("The command, or a program that it calls, was not found{}; check the "
                        "spelling, the zip's contents and the framework",
                        shell_complaint(end.last_lines))};
  }
  if (end.exit_code == kNotExecutable) {
    return {"not_executable",
            fmt::format("The command is not executable{}; call it through its interpreter, or set "
                        "its mode before zipping",
                        shell_complaint(end.last_lines))};
  }
  if (end.exit_code > kSignalBase && end.exit_code < kSignalBase + 64) {
    const int signal = end.exit_code - kSignalBase;
    return {"signal", fmt::format("The command was ended by signal {} ({}); its last lines may say "
                                  "more",
                                  signal, ::strsignal(signal))};
  }
  return {"exit_code", "The command ended with an error; its last lines say more"};
}

struct StepWords {
  std::string_view code, kind, sentence;
};

StepWords words_of(Step step, ErrorKind kind) {
  switch (step) {
    case Step::Prepare:
      return {"S302", "not_prepared", "The run's directories could not be made"};
    case Step::LoadModel:
      return {kind == ErrorKind::InvalidInput ? "C102" : "S301", "model_not_loaded",
              "The model definition could not be loaded"};
    case Step::LoadData:
      return {"S302", "data_not_loaded", "The training data could not be loaded"};
    case Step::LoadCheckpoints:
      return {"S302", "checkpoints_not_loaded",
              "The checkpoints in the results bucket could not be loaded"};
    case Step::Runtime:
      return {"S103", "runtime_not_ready", "The framework's environment is not ready"};
    case Step::Start:
      return {"S101", "not_started", "The command could not be started"};
    case Step::Store:
      return {"S303", "results_not_stored", "The results could not be stored"};
  }
  return {"S100", "unknown", "Something failed"};
}

// What a bucket refuses is for its owner to mend.
bool blames_credentials(Step step, ErrorKind kind) {
  const bool bucket =
      step == Step::LoadData || step == Step::LoadCheckpoints || step == Step::Store;
  return bucket && (kind == ErrorKind::Unauthenticated || kind == ErrorKind::Forbidden);
}

void blot_out(std::string& text, const Secret& secret) {
  const std::string& value = secret.reveal();
  if (value.size() < kShortestSecret) return;
  for (std::size_t at = 0; (at = text.find(value, at)) != std::string::npos;) {
    text.replace(at, value.size(), "***");
  }
}

const Secret& secret_of(const model::StoreReference& reference) {
  if (const auto* s3 = std::get_if<model::S3Connection>(&reference.connection)) {
    return s3->secret_access_key;
  }
  return std::get<model::SwiftConnection>(reference.connection).password;
}

}  // namespace

model::Verdict judge_command(const CommandEnd& end) {
  Finding finding = find_cause(end);
  return {.code = std::string(finding.code),
          .kind = std::move(finding.kind),
          .message = fmt::format("{} (exit code {})", finding.message, end.exit_code),
          .exit_code = end.exit_code,
          .last_lines = last(end.last_lines, kShownLines)};
}

model::Verdict judge_error(Step step, const Error& error) {
  const StepWords words = words_of(step, error.kind());
  return {.code = std::string(blames_credentials(step, error.kind()) ? "C103" : words.code),
          .kind = std::string(words.kind),
          .message = fmt::format("{}: {}", words.sentence, error.what()),
          .exit_code = std::nullopt,
          .last_lines = {}};
}

model::Verdict judge_cut_off(Lines last_lines) {
  return {.code = "S104",
          .kind = "learner_lost",
          .message =
              "The run was cut off: its watching process or the machine went down while the "
              "command ran. What it had written by then is stored; start the run again",
          .exit_code = std::nullopt,
          .last_lines = last(last_lines, kShownLines)};
}

model::Verdict without_secrets(model::Verdict verdict, const model::Manifest& manifest) {
  for (const auto* reference : {&manifest.training_data, &manifest.training_results}) {
    blot_out(verdict.message, secret_of(*reference));
    for (std::string& line : verdict.last_lines) blot_out(line, secret_of(*reference));
  }
  return verdict;
}

}  // namespace trainyard::learner
