#pragma once
// Where fetched objects land until their tree is put together.
#include <cstdint>
#include <string>

#include "base/fd.hpp"
#include "objectstore/listing.hpp"

namespace trainyard::objectstore {

// The files of larger objects get their blocks before the first byte, where that is possible.
constexpr std::uint64_t kPreallocatedAbove = 32u << 20;

class Landing {
 public:
  enum class Claim {
    Fetch,    // ours: fill `file`, then commit
    Present,  // it is here already
    Busy,     // another process is fetching it: ask again later
  };
  struct Claimed {
    Claim claim = Claim::Fetch;
    Fd file;  // for Fetch: without bytes, open for reading and writing
  };

  virtual ~Landing() = default;
  // Thread-safe. Giving `file` up without a commit lets another one try.
  virtual Claimed claim(const ListedObject& object) = 0;
  // The file is complete and verified.
  virtual void commit(const ListedObject& object, Fd file) = 0;
};

}  // namespace trainyard::objectstore
