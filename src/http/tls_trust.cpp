#include "http/tls_trust.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/x509v3.h>

#include "base/error.hpp"

namespace trainyard::http {
namespace {

bool is_address(const std::string& host) {
  in6_addr any{};
  return ::inet_pton(AF_INET, host.c_str(), &any) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &any) == 1;
}

}  // namespace

asio::ssl::context make_client_tls(const std::string& ca_file) {
  asio::ssl::context context(asio::ssl::context::tls_client);
  context.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
  context.set_verify_mode(asio::ssl::verify_peer);
  error_code error;
  context.set_default_verify_paths(error);
  if (!ca_file.empty()) context.load_verify_file(ca_file, error);
  if (error) {
    throw Error(ErrorKind::InvalidInput,
                fmt::format("{} is no file of certificate authorities (PEM) that can be used: {}",
                            ca_file, error.message()));
  }
  // An intermediate authority or the server's own certificate may stand in the file, too.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context.native_handle()),
                              X509_V_FLAG_PARTIAL_CHAIN);
  return context;
}

void expect_host(TlsStream& stream, const std::string& host) {
  SSL* ssl = stream.native_handle();
  if (is_address(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
    return;
  }
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  SSL_set1_host(ssl, host.c_str());
  SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
           const_cast<char*>(host.c_str()));  // what OpenSSL's macro does with a C cast
}

void check_handshake(TlsStream& stream, const error_code& error, const std::string& place) {
  if (!error) return;
  const long verdict = SSL_get_verify_result(stream.native_handle());
  if (verdict == X509_V_OK) {
    throw Error(ErrorKind::Unavailable, fmt::format("no TLS to {}: {}", place, error.message()));
  }
  throw Error(ErrorKind::Corrupt, fmt::format("the certificate of {} is refused: {}", place,
                                              X509_verify_cert_error_string(verdict)));
}

}  // namespace trainyard::http
