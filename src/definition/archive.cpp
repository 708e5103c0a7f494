#include "definition/archive.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <unordered_map>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "base/files.hpp"
#include "base/strings.hpp"
#include "definition/kind.hpp"
#include "definition/tree_writer.hpp"

namespace trainyard::definition {
namespace {

constexpr std::size_t kBlock = 64 * 1024;
constexpr std::size_t kHead = 1024;
constexpr std::uint64_t kRatioFrom = 10u << 20;
constexpr std::size_t kMaxPart = 255;  // bytes of a file's name, as Linux has it

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorKind::InvalidInput, "the model definition " + what);
}
[[noreturn]] void too_large(const std::string& what) {
  throw Error(ErrorKind::TooLarge, "the model definition " + what);
}

struct FreeReader {
  void operator()(archive* reader) const { ::archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, FreeReader>;

// libarchive converts names to the thread's locale and fails where it cannot, whatever the zip
// holds; while this lives, the locale takes every name.
class Utf8Locale {
 public:
  Utf8Locale() : utf8_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (utf8_ == nullptr) throw_errno("set the locale C.UTF-8");
    before_ = ::uselocale(utf8_);
  }
  ~Utf8Locale() {
    ::uselocale(before_);
    ::freelocale(utf8_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  locale_t utf8_;
  locale_t before_;
};

void check_kind(const fs::path& zip, const Limits& limits) {
  const Fd file = open_file(zip, O_RDONLY);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) throw_errno("look at the zip");
  if (!S_ISREG(info.st_mode)) refuse(fmt::format("{} is not a file", zip.string()));
  if (static_cast<std::uint64_t>(info.st_size) > limits.max_size) {
    too_large(fmt::format(
        "has {}, more than the {} allowed; leave data out of it, it belongs into "
        "a bucket",
        format_bytes(static_cast<std::uint64_t>(info.st_size)), format_bytes(limits.max_size)));
  }
  std::string head(kHead, '\0');
  head.resize(read_some(file, std::as_writable_bytes(std::span(head))));
  if (const auto other = describe_other(head); !other.empty()) refuse("is " + other);
  if (head.starts_with("PK\x05\x06")) refuse("holds no file");  // an end without a beginning
}

Reader open_zip(const fs::path& zip) {
  Reader reader(::archive_read_new());
  ::archive_read_support_format_zip_seekable(reader.get());
  if (::archive_read_open_filename(reader.get(), zip.c_str(), kBlock) != ARCHIVE_OK) {
    refuse(fmt::format("is damaged: {}", printable(::archive_error_string(reader.get()))));
  }
  return reader;
}

// The entry's path, relative and without empty or "." parts.
std::string clean_path(const char* raw, const Limits& limits) {
  if (raw == nullptr || *raw == '\0') refuse("has an entry without a name");
  const std::string_view name = raw;
  const std::string shown = printable(name);
  if (name.size() > limits.max_name) refuse(fmt::format("has an over-long name: {}", shown));
  if (!valid_utf8(name)) refuse(fmt::format("has a name that is not UTF-8: {}", shown));
  if (name.front() == '/') refuse(fmt::format("has an absolute path: {}", shown));
  if (name.size() > 1 && name[1] == ':') refuse(fmt::format("has a path with a drive: {}", shown));
  if (name.find('\\') != std::string_view::npos) {
    refuse(fmt::format("has a path with a backslash: {}; pack it with a program that writes /",
                       shown));
  }
  std::vector<std::string> parts;
  for (auto& part : split(name, '/')) {
    if (part == "..") refuse(fmt::format("has a path with \"..\": {}", shown));
    if (part.size() > kMaxPart) refuse(fmt::format("has an over-long name: {}", printable(part)));
    if (!part.empty() && part != ".") parts.push_back(std::move(part));
  }
  return join(parts, "/");
}

// May the link at `path` point to `target`? Only to something inside the definition.
void check_link(const std::string& path, const std::string& target) {
  long depth = std::count(path.begin(), path.end(), '/');
  bool leaves = target.empty() || target.front() == '/';
  for (const auto& part : split(target, '/')) {
    if (part == "..") --depth;
    if (!part.empty() && part != "." && part != "..") ++depth;
    leaves = leaves || depth < 0;
  }
  if (leaves) {
    refuse(fmt::format("has a link that leaves it: {} -> {}", printable(path), printable(target)));
  }
}

class Walk {
 public:
  Walk(const fs::path& zip, const Limits& limits, TreeWriter* writer)
      : limits_(limits), writer_(writer), reader_(open_zip(zip)) {
    report_.packed = fs::file_size(zip);
  }

  Report run() {
    archive_entry* entry = nullptr;
    while (next(entry)) take(entry);
    if (std::none_of(report_.entries.begin(), report_.entries.end(),
                     [](const Entry& e) { return !e.directory; })) {
      refuse("holds no file");
    }
    return std::move(report_);
  }

 private:
  bool next(archive_entry*& entry) {
    const int result = ::archive_read_next_header(reader_.get(), &entry);
    if (result == ARCHIVE_EOF) return false;
    if (result != ARCHIVE_OK) damaged();
    return true;
  }

  void take(archive_entry* entry) {
    if (++count_ > limits_.max_entries) {
      too_large(fmt::format("has more than the {} entries allowed", limits_.max_entries));
    }
    const char* name = ::archive_entry_pathname_utf8(entry);
    if (name == nullptr) name = ::archive_entry_pathname(entry);
    const std::string path = clean_path(name, limits_);
    if (::archive_entry_is_encrypted(entry)) refuse("is encrypted; pack it without a password");
    if (path.empty()) return;  // "./"
    const auto type = ::archive_entry_filetype(entry);
    note(path, type == AE_IFDIR);
    if (type == AE_IFDIR) {
      if (writer_) writer_->directory(path);
    } else if (type == AE_IFREG) {
      take_file(entry, path);
    } else if (type == AE_IFLNK) {
      const char* target = ::archive_entry_symlink_utf8(entry);
      check_link(path, target ? target : "");
      if (writer_) writer_->link(path, target);
    } else {
      refuse(
          fmt::format("has something that is neither file, folder nor link: {}", printable(path)));
    }
  }

  // Names once, and no file where another entry needs a folder.
  void note(const std::string& path, bool directory) {
    for (auto slash = path.find('/'); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      const auto [parent, added] = kinds_.try_emplace(path.substr(0, slash), true);
      if (!parent->second) clash(path.substr(0, slash));
    }
    const auto [found, added] = kinds_.try_emplace(path, directory);
    if (!added && !(directory && found->second)) clash(path);
    report_.entries.push_back({path, directory, 0});
  }
  [[noreturn]] static void clash(const std::string& path) {
    refuse(fmt::format("has the name {} twice", printable(path)));
  }

  void take_file(archive_entry* entry, const std::string& path) {
    const bool executable = (::archive_entry_perm(entry) & S_IXUSR) != 0;
    if (writer_) writer_->begin_file(path, executable);
    std::uint64_t size = 0;
    std::string block(kBlock, '\0');
    while (true) {
      const la_ssize_t got = ::archive_read_data(reader_.get(), block.data(), block.size());
      if (got < 0) damaged();
      if (got == 0) break;
      size += static_cast<std::uint64_t>(got);
      report_.unpacked += static_cast<std::uint64_t>(got);
      check_size();
      if (writer_) writer_->write(std::string_view(block).substr(0, static_cast<std::size_t>(got)));
    }
    if (writer_) writer_->end_file();
    report_.entries.back().size = size;
  }

  void check_size() const {
    if (report_.unpacked > limits_.max_unpacked) {
      too_large(
          fmt::format("unpacks to more than the {} allowed", format_bytes(limits_.max_unpacked)));
    }
    if (report_.unpacked > kRatioFrom && report_.unpacked / limits_.max_ratio > report_.packed) {
      too_large(
          fmt::format("grows to more than {} times its size by unpacking", limits_.max_ratio));
    }
  }

  [[noreturn]] void damaged() const {
    const char* text = ::archive_error_string(reader_.get());
    const std::string why = text ? printable(text) : "it ends too early";
    if (to_lower(why).find("encrypt") != std::string::npos ||
        to_lower(why).find("passphrase") != std::string::npos) {
      refuse("is encrypted; pack it without a password");
    }
    refuse(fmt::format("is damaged ({}); pack and send it again", why));
  }

  const Limits& limits_;
  TreeWriter* writer_;
  Utf8Locale locale_;
  Reader reader_;
  Report report_;
  std::uint64_t count_ = 0;
  std::unordered_map<std::string, bool> kinds_;  // path → is a directory
};

}  // namespace

bool Report::contains(std::string_view file) const {
  return std::any_of(entries.begin(), entries.end(),
                     [&](const Entry& entry) { return entry.path == file; });
}

Report inspect(const fs::path& zip, const Limits& limits) {
  check_kind(zip, limits);
  return Walk(zip, limits, nullptr).run();
}

Report extract(const fs::path& zip, const fs::path& directory, const Limits& limits) {
  check_kind(zip, limits);
  TreeWriter writer(directory);
  return Walk(zip, limits, &writer).run();
}

}  // namespace trainyard::definition
