#include "accounts/password.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <condition_variable>

#include "base/error.hpp"
#include "base/sync.hpp"

namespace trainyard::accounts {
namespace {

constexpr std::size_t kMemory = 19u << 20;
constexpr unsigned kPasses = 2;
constexpr unsigned kAtOnce = 2;

void start_sodium() {
  static const int started = sodium_init();
  if (started < 0) throw Error(ErrorKind::Internal, "libsodium does not start");
}

// A place among the few that hash at the same time.
class Place {
 public:
  Place() {
    auto used = used_.lock();
    freed_.wait(used.guard(), [&] { return *used < kAtOnce; });
    ++*used;
  }
  ~Place() {
    used_.with([](unsigned& used) { --used; });
    freed_.notify_one();
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  static inline Sync<unsigned> used_{0};
  static inline std::condition_variable freed_;
};

}  // namespace

void check_password(const Secret& password) {
  const auto size = password.reveal().size();
  if (size >= kLeastPassword && size <= kMostPassword) return;
  throw Error(ErrorKind::InvalidInput, fmt::format("a password must have {} to {} bytes, not {}",
                                                   kLeastPassword, kMostPassword, size));
}

std::string hash_password(const Secret& password) {
  start_sodium();
  const Place place;
  std::string hash(crypto_pwhash_STRBYTES, '\0');
  if (crypto_pwhash_str_alg(hash.data(), password.reveal().data(), password.reveal().size(),
                            kPasses, kMemory, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    throw Error(ErrorKind::Exhausted, "there is no memory to hash a password");
  }
  hash.resize(hash.find('\0'));
  return hash;
}

bool verify_password(const std::string& hash, const Secret& password) {
  static const std::string of_nobody = hash_password(Secret("no one has this password"));
  if (password.reveal().size() > kMostPassword) return false;
  const Place place;
  const std::string& compared = hash.empty() ? of_nobody : hash;
  const bool same = crypto_pwhash_str_verify(compared.c_str(), password.reveal().data(),
                                             password.reveal().size()) == 0;
  return same && !hash.empty();
}

}  // namespace trainyard::accounts
