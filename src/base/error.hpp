#pragma once
// The one exception tree of the project. An Error says what happened in a sentence a user can act
// on; layers that know more add context while it unwinds. It is translated once at each edge
// (HTTP status in api and gateway, exit code in cli, verdict in learner). Never put a secret in it.
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace trainyard {

enum class ErrorKind {
  InvalidInput,     // the caller's data is wrong; the same call can never succeed
  NotFound,         // what was named does not exist
  Conflict,         // a version, precondition or state stands against it
  Unauthenticated,  // no or wrong credentials
  Forbidden,        // known, but not allowed
  TooLarge,         // a limit on size or count is exceeded
  Exhausted,        // no space, no slots, quota
  Unavailable,      // the other side cannot be reached or asks to come later; retry may help
  Timeout,          // a deadline passed; retry may help
  Canceled,         // a stop was requested
  Corrupt,          // stored or received bytes are not what they must be
  Unsupported,      // understood, and not offered here
  Internal,         // a defect of ours or of the system below
};

std::string_view to_string(ErrorKind kind);  // "invalid_input", "not_found", …

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, std::string message)
      : std::runtime_error(message), kind_(kind), message_(std::move(message)) {}

  ErrorKind kind() const noexcept { return kind_; }
  // Context, outermost first, joined with ": ", then the message.
  const char* what() const noexcept override { return message_.c_str(); }
  // Prepends "context: ". Returns *this, for `throw e.add_context(..)` style rethrows.
  Error& add_context(std::string_view context);
  bool retryable() const noexcept {
    return kind_ == ErrorKind::Unavailable || kind_ == ErrorKind::Timeout;
  }

 private:
  ErrorKind kind_;
  std::string message_;
};

// An Error for errno `code` after `action` ("open /a/b"): NotFound, Forbidden, Exhausted (ENOSPC,
// EDQUOT, EMFILE…), else Internal. The text is "action: <strerror>".
Error system_error(std::string_view action, int code);
[[noreturn]] void throw_errno(std::string_view action);

// Runs fn(); an Error that leaves it gets `context` prepended.
template <typename Fn>
decltype(auto) with_context(std::string_view context, Fn&& fn) {
  try {
    return std::forward<Fn>(fn)();
  } catch (Error& e) {
    e.add_context(context);
    throw;
  }
}

}  // namespace trainyard
