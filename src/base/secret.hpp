#pragma once
// A string that cannot be printed by accident: no stream operator, no fmt formatter, no implicit
// conversion. Its bytes are wiped when it is destroyed, moved from or assigned over.
#include <string>
#include <string_view>

namespace trainyard {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value);
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept;
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  // The value. Call it only where the bytes leave for a signature, a header or a sealed file.
  const std::string& reveal() const noexcept { return value_; }
  bool empty() const noexcept { return value_.empty(); }
  // Takes constant time for equal lengths.
  friend bool operator==(const Secret& a, const Secret& b) noexcept;

 private:
  std::string value_;
};

}  // namespace trainyard
