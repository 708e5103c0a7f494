#include "repository/sealer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/ids.hpp"

namespace trainyard::repository {
namespace {

constexpr std::size_t kKeyBytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// Of several that come first at once, one key becomes the file's.
void create_key_file(const fs::path& path) {
  const fs::path fresh = path.native() + "." + random_hex(8);
  write_file_atomic(fresh, random_bytes(kKeyBytes), 0600);
  const int linked = ::link(fresh.c_str(), path.c_str());
  const int code = errno;
  ::unlink(fresh.c_str());
  if (linked != 0 && code != EEXIST)
    throw system_error("create the key file " + path.native(), code);
  fsync_path(path.parent_path().empty() ? fs::path(".") : path.parent_path());
}

void check_private(const fs::path& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) != 0) throw_errno("read the key file " + path.native());
  if ((info.st_mode & 0077) == 0) return;
  throw Error(ErrorKind::Forbidden,
              fmt::format("others may read the key file {0}: chmod 600 {0}", path.native()));
}

}  // namespace

Sealer::Sealer(Secret key) : key_(std::move(key)) {
  if (sodium_init() < 0) throw Error(ErrorKind::Internal, "libsodium cannot start");
  if (key_.reveal().size() != kKeyBytes) {
    throw Error(ErrorKind::InvalidInput, fmt::format("a key has {} bytes", kKeyBytes));
  }
}

Sealer Sealer::from_key_file(const fs::path& path) {
  if (std::error_code ignored; !fs::exists(path, ignored)) create_key_file(path);
  check_private(path);
  Secret key(read_file(path));
  if (key.reveal().size() != kKeyBytes) {
    throw Error(ErrorKind::Corrupt,
                fmt::format("the key file {} is damaged: put it back from a copy", path.native()));
  }
  return Sealer(std::move(key));
}

std::string Sealer::seal(const Secret& secret, std::string_view context) const {
  const std::string& clear = secret.reveal();
  std::string sealed(kNonceBytes + clear.size() + kTagBytes, '\0');
  unsigned char* nonce = bytes_of(sealed);
  randombytes_buf(nonce, kNonceBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + kNonceBytes, nullptr, bytes_of(clear),
                                             clear.size(), bytes_of(context), context.size(),
                                             nullptr, nonce, bytes_of(key_.reveal()));
  return sealed;
}

Secret Sealer::open(std::string_view sealed, std::string_view context) const {
  if (sealed.size() >= kNonceBytes + kTagBytes) {
    const std::string_view body = sealed.substr(kNonceBytes);
    std::string clear(body.size() - kTagBytes, '\0');
    const int result = crypto_aead_xchacha20poly1305_ietf_decrypt(
        bytes_of(clear), nullptr, nullptr, bytes_of(body), body.size(), bytes_of(context),
        context.size(), bytes_of(sealed), bytes_of(key_.reveal()));
    if (result == 0) return Secret(std::move(clear));
  }
  throw Error(
      ErrorKind::Corrupt,
      fmt::format("the sealed secret of {} cannot be opened: it was changed, or sealed with "
                  "another key",
                  context));
}

}  // namespace trainyard::repository
