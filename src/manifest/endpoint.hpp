#pragma once
// The URL of an object store as people write it.
#include <optional>
#include <string>
#include <string_view>

namespace trainyard::manifest {

struct Endpoint {
  std::string url;      // with a scheme; empty when `problem` is set
  std::string assumed;  // the scheme that was added ("https"); empty when the text had one
  std::string problem;  // why the text is no endpoint; never repeats credentials in it
};

// Without a scheme https is taken, and http for this machine (localhost, 127.…, [::1]).
Endpoint read_endpoint(std::string_view text);

}  // namespace trainyard::manifest
