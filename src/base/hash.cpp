#include "base/hash.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/error.hpp"

namespace trainyard {

namespace {

const char* algorithm_name(Digest digest) {
  switch (digest) {
    case Digest::Md5:
      return "MD5";
    case Digest::Sha1:
      return "SHA1";
    case Digest::Sha256:
      return "SHA256";
  }
  return "";
}

// Fetched once and kept: a fetch for every digest costs more than a short digest does.
const EVP_MD* algorithm(Digest digest) {
  static const std::array<const EVP_MD*, 3> fetched{
      EVP_MD_fetch(nullptr, algorithm_name(Digest::Md5), nullptr),
      EVP_MD_fetch(nullptr, algorithm_name(Digest::Sha1), nullptr),
      EVP_MD_fetch(nullptr, algorithm_name(Digest::Sha256), nullptr)};
  const EVP_MD* found = fetched[static_cast<std::size_t>(digest)];
  if (found == nullptr) {
    throw Error(ErrorKind::Unsupported,
                std::string("the system's OpenSSL does not offer ") + algorithm_name(digest));
  }
  return found;
}

void require(int openssl_result) {
  if (openssl_result != 1) throw Error(ErrorKind::Internal, "OpenSSL could not compute a digest");
}

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

}  // namespace

struct Hasher::Impl {
  std::unique_ptr<EVP_MD_CTX, FreeContext> context{EVP_MD_CTX_new()};
};

Hasher::Hasher(Digest digest) : impl_(std::make_unique<Impl>()) {
  require(EVP_DigestInit_ex2(impl_->context.get(), algorithm(digest), nullptr));
}

Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

void Hasher::update(std::string_view bytes) {
  require(EVP_DigestUpdate(impl_->context.get(), bytes.data(), bytes.size()));
}

std::string Hasher::finish() {
  std::string result(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  require(EVP_DigestFinal_ex(impl_->context.get(), reinterpret_cast<unsigned char*>(result.data()),
                             &size));
  result.resize(size);
  return result;
}

std::string digest(Digest kind, std::string_view bytes) {
  Hasher hasher(kind);
  hasher.update(bytes);
  return hasher.finish();
}

std::string hmac(Digest kind, std::string_view key, std::string_view bytes) {
  std::string result(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  // OpenSSL takes a null key as "the one from before"; an empty key must not be null.
  const char* key_data = key.empty() ? "" : key.data();
  const unsigned char* done =
      HMAC(algorithm(kind), key_data, static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
           reinterpret_cast<unsigned char*>(result.data()), &size);
  require(done != nullptr ? 1 : 0);
  result.resize(size);
  return result;
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  return hmac(Digest::Sha256, key, bytes);
}

bool constant_time_equal(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace trainyard
