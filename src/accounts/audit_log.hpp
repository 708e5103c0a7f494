#pragma once
// Who did what: a file of JSON lines that is only ever appended to, mode 0600. When it is full it
// is renamed to <path>.1 (that to <path>.2, and so on) and a new one is begun. A line is in the
// system's hands when append() returns. Thread-safe.
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "wire/account.hpp"

namespace trainyard::accounts {

struct AuditOptions {
  std::filesystem::path path;
  std::uint64_t full_at = 64u << 20;  // bytes
  int kept = 9;                       // full files
};

class AuditLog {
 public:
  virtual ~AuditLog() = default;
  virtual void append(const wire::AuditEntry& entry) = 0;
  // The last `count` lines of the file that is written to, the oldest first.
  virtual std::vector<std::string> last(std::size_t count) = 0;
};
std::unique_ptr<AuditLog> open_audit_log(AuditOptions options);

}  // namespace trainyard::accounts
