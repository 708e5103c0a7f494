#pragma once
// The body of every failed answer (wml-v3 a.6), one line of compact JSON:
//   {"trace":"<32 hex>","errors":[{"code","message","more_info"?,"target"?:{"type","name"}}]}
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace trainyard::wire {

struct ErrorEntry {
  std::string code;  // snake case: "not_found", "invalid_payload"
  std::string message;
  std::string more_info;                 // a URL, or empty
  std::string target_type, target_name;  // "field", "training_data_reference.type"; or empty
  bool operator==(const ErrorEntry&) const = default;
};

struct ErrorBody {
  std::string trace;  // names the request in the service's log
  std::vector<ErrorEntry> errors;
  bool operator==(const ErrorBody&) const = default;
};

// One entry, with the kind as the code and the error's text as the message.
ErrorBody error_body(const Error& error, std::string trace);
std::string encode(const ErrorBody& body);

// Takes whatever a server (or a proxy before it) answered and never throws: from a body that is no
// such JSON one entry without a code is made, its message the printable beginning of the text.
// There is at least one entry.
ErrorBody decode_error(std::string_view body);

}  // namespace trainyard::wire
