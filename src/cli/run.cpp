#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/commands.hpp"

namespace trainyard::cli {
namespace {

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::InvalidInput:
    case ErrorKind::TooLarge:
    case ErrorKind::Unsupported:
      return kBadInput;
    case ErrorKind::NotFound:
      return kNotFound;
    case ErrorKind::Unauthenticated:
    case ErrorKind::Forbidden:
      return kNotAllowed;
    case ErrorKind::Unavailable:
    case ErrorKind::Timeout:
      return kUnreachable;
    case ErrorKind::Conflict:
      return kConflict;
    case ErrorKind::Canceled:
      return kInterrupted;
    default:
      return kFailed;
  }
}

int help(Face face, std::span<const std::string> args, Context& context) {
  const auto arguments = parse_arguments(find_command(face, "help"), face, args);
  if (arguments.has("--man")) {
    context.out << manual_page();
  } else if (arguments.words.empty()) {
    context.out << help_text(face);
  } else {
    context.out << command_help(face, find_command(face, arguments.words[0]));
  }
  return kOk;
}

bool is_help_flag(const std::string& word) { return word == "--help" || word == "-h"; }

// As most programs take it; here it is a command.
std::string command_word(const std::string& word) { return word == "--version" ? "version" : word; }

int dispatch(Face face, std::span<const std::string> args, Context& context) {
  if (args.empty() || is_help_flag(args[0])) return help(face, {}, context);
  const auto rest = args.subspan(1);
  if (args[0] == "help") return help(face, rest, context);
  const Command& command = find_command(face, command_word(args[0]));
  if (std::any_of(rest.begin(), rest.end(), is_help_flag)) {
    context.out << command_help(face, command);
    return kOk;
  }
  if (!command.run) throw Error(ErrorKind::Internal, "a program of its own, not started here");
  const auto arguments = parse_arguments(command, face, rest);
  Session session(face, context, arguments.value(kStateDir.name));
  return command.run(session, arguments);
}

int fail(Context& context, int code, std::string_view sentence) {
  context.out.flush();
  context.err << "FAILED\n" << sentence << "\n";
  return code;
}

}  // namespace

int run(Face face, std::span<const std::string> args, Context& context) {
  if (face == Face::Trainyard && !args.empty() && args[0] == "bx") {
    face = Face::Bx;
    args = args.subspan(1);
  }
  // `bx ml VERB`, as it always was called; `bx VERB` is taken too.
  if (face == Face::Bx && !args.empty() && args[0] == "ml") args = args.subspan(1);
  try {
    const int code = dispatch(face, args, context);
    if (!context.out.flush()) {
      return fail(context, kFailed,
                  "what was to be printed could not be written to standard output");
    }
    return code;
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Canceled && context.stop.stop_requested()) {
      context.out.flush();
      return kInterrupted;
    }
    return fail(context, exit_code(e.kind()), e.what());
  } catch (const std::exception& e) {
    return fail(context, kFailed, e.what());
  }
}

}  // namespace trainyard::cli
