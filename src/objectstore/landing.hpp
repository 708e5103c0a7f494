#pragma once
// Where fetched objects land until their tree is put together.
#include <string>

#include "base/fd.hpp"
#include "objectstore/object_store.hpp"

namespace trainyard::objectstore {

class Landing {
 public:
  enum class Claim {
    Fetch,    // ours: fill `file`, then commit
    Present,  // it is here already
    Busy,     // another process is fetching it: ask again later
  };
  struct Claimed {
    Claim claim = Claim::Fetch;
    Fd file;  // for Fetch: empty, open for reading and writing
  };

  virtual ~Landing() = default;
  // Thread-safe. Giving `file` up without a commit lets another one try.
  virtual Claimed claim(const ObjectInfo& object) = 0;
  // The file is complete and verified.
  virtual void commit(const ObjectInfo& object, Fd file) = 0;
};

}  // namespace trainyard::objectstore
