#include "definition/definition_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <unordered_set>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "base/ids.hpp"
#include "base/strings.hpp"

namespace trainyard::definition {
namespace {

constexpr auto kGrace = std::chrono::hours(1);
constexpr std::string_view kEnding = ".zip", kPartial = ".partial";

class FileUpload final : public Upload {
 public:
  FileUpload(const fs::path& directory, const Limits& limits)
      : directory_(directory),
        limits_(limits),
        path_(directory / (random_hex(16) + std::string(kPartial))),
        file_(open_file(path_, O_WRONLY | O_CREAT | O_EXCL, 0600)) {}
  ~FileUpload() override { ::unlink(path_.c_str()); }

  void write(std::string_view bytes) override {
    size_ += bytes.size();
    if (size_ > limits_.max_size) {
      throw Error(
          ErrorKind::TooLarge,
          fmt::format("the model definition has more than the {} allowed; leave data out of "
                      "it, it belongs into a bucket",
                      format_bytes(limits_.max_size)));
    }
    hasher_.update(bytes);
    write_all(file_, bytes);
  }

  Stored commit() override {
    Stored stored;
    stored.report = inspect(path_, limits_);
    stored.sha256 = to_hex(hasher_.finish());
    if (::fsync(file_.get()) != 0) throw_errno("sync the model definition");
    const fs::path target = directory_ / (stored.sha256 + std::string(kEnding));
    fs::rename(path_, target);  // over an equal one, which renews its time
    fsync_path(directory_);
    return stored;
  }

 private:
  const fs::path& directory_;
  const Limits& limits_;
  const fs::path path_;
  Fd file_;
  Hasher hasher_{Digest::Sha256};
  std::uint64_t size_ = 0;
};

class FileStore final : public DefinitionStore {
 public:
  FileStore(const fs::path& directory, const Limits& limits)
      : directory_(directory), limits_(limits) {
    make_private_dir(directory_);
    for (const auto& entry : fs::directory_iterator(directory_)) {
      if (entry.path().extension() == kPartial) fs::remove(entry.path());
    }
  }

  std::unique_ptr<Upload> begin_upload() override {
    return std::make_unique<FileUpload>(directory_, limits_);
  }
  fs::path path(const std::string& sha256) const override {
    return directory_ / (sha256 + std::string(kEnding));
  }
  bool contains(const std::string& sha256) const override { return fs::exists(path(sha256)); }

  void sweep(const std::vector<std::string>& used) override {
    const std::unordered_set<std::string> keep(used.begin(), used.end());
    const auto young = fs::file_time_type::clock::now() - kGrace;
    for (const auto& entry : fs::directory_iterator(directory_)) {
      std::error_code gone;
      if (entry.path().extension() != kEnding || keep.contains(entry.path().stem())) continue;
      if (fs::last_write_time(entry.path(), gone) < young && !gone) fs::remove(entry.path(), gone);
    }
  }

 private:
  const fs::path directory_;
  const Limits limits_;
};

}  // namespace

std::unique_ptr<DefinitionStore> open_definition_store(const fs::path& directory,
                                                       const Limits& limits) {
  return std::make_unique<FileStore>(directory, limits);
}

}  // namespace trainyard::definition
