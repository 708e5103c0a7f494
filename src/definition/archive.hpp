#pragma once
// The model definition: a zip (T2), recognised by what is in it and not by its name, read with
// libarchive, and refused with a sentence that says what to do when it is anything else or unsafe.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::definition {

struct Limits {
  std::uint64_t max_size = std::uint64_t(500) << 20;    // of the zip
  std::uint64_t max_unpacked = std::uint64_t(4) << 30;  // of all its files
  std::uint64_t max_entries = 50'000;
  std::uint64_t max_ratio = 200;  // unpacked to packed, above 10 MiB
  std::size_t max_name = 4096;    // bytes of a path; each of its parts has at most 255
};

struct Entry {
  std::string path;  // relative, '/' between parts, no slash at the end
  bool directory = false;
  std::uint64_t size = 0;  // unpacked
};

struct Report {
  std::vector<Entry> entries;
  std::uint64_t packed = 0;    // size of the zip
  std::uint64_t unpacked = 0;  // of all files
  bool contains(std::string_view file) const;
};

// Reads the whole zip, so that every checksum is checked. Throws InvalidInput with what is wrong:
// not a zip (naming what it is), empty, damaged, encrypted, an entry with an absolute path, "..",
// a link that leaves the folder, a device, a name twice (also as file and folder), not UTF-8;
// TooLarge past a limit; NotFound.
Report inspect(const std::filesystem::path& zip, const Limits& limits);

// As inspect(), and writes the files below `directory`, which exists. Never follows a link, keeps
// the executable bit and no other. What was written stays when it throws.
Report extract(const std::filesystem::path& zip, const std::filesystem::path& directory,
               const Limits& limits);

// "python3 convolutional_network.py …": a sentence when the program that the command names is not
// in the zip, with the nearest that is; nullopt when it is or cannot be told.
std::optional<std::string> check_command(const Report& report, std::string_view command);

}  // namespace trainyard::definition
