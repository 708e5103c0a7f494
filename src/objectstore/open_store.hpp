#pragma once
// From the manifest's words to an open store, and the check of both buckets at submit (T10–T14).
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "model/manifest.hpp"
#include "objectstore/object_store.hpp"
#include "objectstore/retry.hpp"

namespace trainyard::objectstore {

inline constexpr Milliseconds kCheckLimit{20'000};  // somebody waits for the checks of two

struct OpenOptions {
  std::string ca_file = {};  // PEM; empty: the system's
  RetryPolicy retry = {};
  // check_access() ends then, with Timeout; to remove what it wrote may take 10 s more.
  Milliseconds check_limit = kCheckLimit;
  std::shared_ptr<RetryWatch> retry_watch = nullptr;  // of all that the store tries again
};

// No network until the first call. Retries what a retry may mend. Throws InvalidInput when the
// connection cannot be meant (no bucket, no endpoint, half a key pair).
std::unique_ptr<ObjectStore> open_store(const model::StoreReference& reference,
                                        const OpenOptions& options = {});

enum class StoreUse {
  TrainingData,
  TrainingResults,
  ProbedResults,  // the same, and the credentials are tried at writing
};
// A listing with the given credentials, up to the first file and of kCheckPages pages at most,
// without long retries. Throws an Error whose sentence names what is wrong: endpoint, bucket,
// access key, secret, region; for training data also that there is no file below the prefix (a
// marker of a folder is none). Only ProbedResults writes: an object kProbe below the prefix, which
// is removed again if that is allowed.
inline constexpr std::string_view kProbe = ".trainyard-probe";
inline constexpr unsigned kCheckPages = 20;
void check_access(const model::StoreReference& reference, StoreUse use, const OpenOptions& options,
                  std::stop_token stop);
// The same of a store that is open already.
void check_access(ObjectStore& store, const std::string& prefix, StoreUse use,
                  std::stop_token stop);
// What is thrown when there is none below the folder_prefix() `prefix`: NotFound.
Error no_training_data(const ObjectStore& store, const std::string& prefix);

// All that the store is shown of who asks, as one text: the same for the same credentials only.
Secret credentials_of(const model::StoreReference& reference);

}  // namespace trainyard::objectstore
