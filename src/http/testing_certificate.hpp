#pragma once
// For tests: a certificate of their own.
#include <string>

namespace trainyard::http::testing {

// A self-signed one for 127.0.0.1 and localhost, good for an hour, and its key, as PEM files.
void write_certificate(const std::string& certificate_file, const std::string& key_file);

}  // namespace trainyard::http::testing
