#include "base/error.hpp"

#include <cerrno>
#include <system_error>

namespace trainyard {

namespace {

ErrorKind kind_of_errno(int code) {
  switch (code) {
    case ENOENT:
    case ENOTDIR:
    case ESRCH:
      return ErrorKind::NotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorKind::Forbidden;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return ErrorKind::Exhausted;
    default:
      return ErrorKind::Internal;
  }
}

}  // namespace

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::InvalidInput:
      return "invalid_input";
    case ErrorKind::NotFound:
      return "not_found";
    case ErrorKind::Conflict:
      return "conflict";
    case ErrorKind::Unauthenticated:
      return "unauthenticated";
    case ErrorKind::Forbidden:
      return "forbidden";
    case ErrorKind::TooLarge:
      return "too_large";
    case ErrorKind::Exhausted:
      return "exhausted";
    case ErrorKind::Unavailable:
      return "unavailable";
    case ErrorKind::Timeout:
      return "timeout";
    case ErrorKind::Canceled:
      return "canceled";
    case ErrorKind::Corrupt:
      return "corrupt";
    case ErrorKind::Unsupported:
      return "unsupported";
    case ErrorKind::Internal:
      return "internal";
  }
  return "internal";
}

Error& Error::add_context(std::string_view context) {
  std::string prefix(context);
  prefix += ": ";
  message_.insert(0, prefix);
  return *this;
}

Error system_error(std::string_view action, int code) {
  std::string text(action);
  text += ": ";
  text += std::generic_category().message(code);
  return Error(kind_of_errno(code), std::move(text));
}

void throw_errno(std::string_view action) { throw system_error(action, errno); }

}  // namespace trainyard
