#pragma once
// Whom a client on Asio trusts: as http/client.hpp does. Internal to src/http; heavy.
#include <string>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "http/asio_types.hpp"

namespace trainyard::http {

using TlsStream = asio::ssl::stream<Socket>;

// TLS 1.2 or newer; trusted are the system's authorities and those of `ca_file` (PEM; may be
// empty). InvalidInput names a file that cannot be used.
asio::ssl::context make_client_tls(const std::string& ca_file);

// Before the handshake: the peer's certificate must be for `host`, a name or an address.
void expect_host(TlsStream& stream, const std::string& host);

// After it: throws Corrupt with the reason when the certificate was refused, else Unavailable when
// the handshake failed. `place` names the peer.
void check_handshake(TlsStream& stream, const error_code& error, const std::string& place);

}  // namespace trainyard::http
