#pragma once
#include <filesystem>
#include <functional>

#include "base/fd.hpp"
#include "http/client.hpp"

namespace trainyard::client {

// A file as a request's body. `on_read` hears how many bytes of it have been taken so far.
class FileSource final : public http::BodySource {
 public:
  using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;
  explicit FileSource(const std::filesystem::path& path, Progress on_read = {});
  std::uint64_t size() const override { return size_; }
  void rewind() override { offset_ = 0; }
  std::size_t read(char* into, std::size_t max) override;

 private:
  std::filesystem::path path_;
  Fd file_;
  std::uint64_t size_;
  std::uint64_t offset_ = 0;
  Progress on_read_;
};

}  // namespace trainyard::client
