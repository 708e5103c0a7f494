#include <fcntl.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/strings.hpp"
#include "objectstore/sources.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::objectstore {

ObjectInfo upload_file(ObjectStore& store, const std::filesystem::path& file,
                       const std::string& key, std::stop_token stop) {
  return with_context("store " + printable(file.string()), [&] {
    FileSource source(open_file(file, O_RDONLY));
    return store.put(key, source, stop);
  });
}

ObjectInfo upload_bytes(ObjectStore& store, std::string bytes, const std::string& key,
                        std::stop_token stop) {
  StringSource source(std::move(bytes));
  return store.put(key, source, stop);
}

}  // namespace trainyard::objectstore
