#pragma once
// The zips of model definitions, each kept once, by the hash of its content: DIR/<sha256>.zip.
// What is visible is whole and was inspected. Thread-safe.
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "definition/archive.hpp"

namespace trainyard::definition {

struct Stored {
  std::string sha256;  // hex
  Report report;
};

// One zip that comes in. Gone without a trace unless committed. One thread.
class Upload {
 public:
  virtual ~Upload() = default;
  // Throws TooLarge past the limit on the zip's size, Exhausted when the disk is full.
  virtual void write(std::string_view bytes) = 0;
  // Inspects it and makes it visible. Throws as inspect().
  virtual Stored commit() = 0;
};

class DefinitionStore {
 public:
  virtual ~DefinitionStore() = default;
  virtual std::unique_ptr<Upload> begin_upload() = 0;
  virtual std::filesystem::path path(const std::string& sha256) const = 0;
  virtual bool contains(const std::string& sha256) const = 0;
  // Removes those that are not `used` and have not come in within the last hour (their definition
  // may not be written yet).
  virtual void sweep(const std::vector<std::string>& used) = 0;
};

// Makes the directory; what an interrupted upload left in it is removed.
std::unique_ptr<DefinitionStore> open_definition_store(const std::filesystem::path& directory,
                                                       const Limits& limits);

}  // namespace trainyard::definition
