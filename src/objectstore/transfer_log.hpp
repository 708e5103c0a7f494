#pragma once
// The lines of a transfer for the run's load log.
#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "objectstore/transfer.hpp"

namespace trainyard::objectstore {

class TransferLog {
 public:
  explicit TransferLog(std::function<void(std::string_view)> write) : write_(std::move(write)) {}

  template <typename... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) const {
    if (write_) write_(fmt::format(format, std::forward<Args>(args)...));
  }
  // One line each, all of them.
  void remarks(const std::vector<Remark>& remarks) const;

 private:
  std::function<void(std::string_view)> write_;
};

// "3 files", "1 file"
std::string count_files(std::uint64_t files);
// "310 MiB/s", for the time since `begin`.
std::string format_rate(std::uint64_t bytes, std::chrono::steady_clock::time_point begin);
std::string format_since(std::chrono::steady_clock::time_point begin);

}  // namespace trainyard::objectstore
