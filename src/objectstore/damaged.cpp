#include "objectstore/damaged.hpp"

#include "base/error.hpp"
#include "base/strings.hpp"
#include "objectstore/sources.hpp"

namespace trainyard::objectstore {

void throw_damaged(Source& source, const std::string& md5, const std::string& key) {
  if (md5_of(source) != md5) {
    throw Error(ErrorKind::Conflict,
                "the source of '" + printable(key) + "' changed while it was read");
  }
  throw Error(ErrorKind::Unavailable,
              "the bytes of '" + printable(key) + "' were damaged on their way to the store");
}

}  // namespace trainyard::objectstore
