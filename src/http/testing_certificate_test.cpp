#include "http/testing_certificate.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>

namespace trainyard::http::testing {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using File = std::unique_ptr<BIO, decltype(&BIO_free)>;

void add_extension(X509* certificate, int name, const char* value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, name, value);
  ASSERT_NE(extension, nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Certificate self_signed(EVP_PKEY* key) {
  Certificate certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("trainyard test"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  add_extension(certificate.get(), NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost");
  X509_sign(certificate.get(), key, EVP_sha256());
  return certificate;
}

}  // namespace

void write_certificate(const std::string& certificate_file, const std::string& key_file) {
  const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const auto certificate = self_signed(key.get());
  const File to_certificate(BIO_new_file(certificate_file.c_str(), "w"), BIO_free);
  const File to_key(BIO_new_file(key_file.c_str(), "w"), BIO_free);
  ASSERT_EQ(PEM_write_bio_X509(to_certificate.get(), certificate.get()), 1);
  ASSERT_EQ(
      PEM_write_bio_PrivateKey(to_key.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr), 1);
}

}  // namespace trainyard::http::testing
