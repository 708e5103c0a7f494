#include "objectstore/same_bytes.hpp"

#include "objectstore/etag.hpp"
#include "objectstore/sources.hpp"

namespace trainyard::objectstore {
namespace {

bool has_etag(Source& source, const std::string& etag) {
  const auto parts = parts_of_etag(etag);
  const std::uint64_t part_size = parts ? guess_part_size(source.size(), *parts) : 0;
  if (parts && part_size == 0) return false;
  EtagHasher hasher(part_size);
  for_each_chunk(source, [&](std::string_view chunk) { hasher.update(chunk); });
  return hasher.finish() == etag;
}

}  // namespace

bool has_bytes_of(Source& source, const ObjectInfo& object, ObjectStore& store,
                  std::stop_token stop) {
  if (object.size != source.size()) return false;
  if (object.checksum || object.size == 0) {  // listed without bytes: it may have some all the same
    const auto told = store.head(object.key, std::move(stop));
    if (!told || told->etag != object.etag || told->size != object.size) return false;
    if (told->checksum) {
      return checksum_of(source, told->checksum->algorithm).value == told->checksum->value;
    }
  }
  return has_etag(source, object.etag);
}

}  // namespace trainyard::objectstore
