#pragma once
// The second half of download_tree(), for who has listed the bucket already.
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "base/fd.hpp"
#include "objectstore/listing.hpp"
#include "objectstore/object_store.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::objectstore {

// Opens an object whose bytes are on this machine; nullopt: they are not. Thread-safe. May be
// empty.
using KnownObjects = std::function<std::optional<Fd>(const ListedObject&)>;

// As download_tree(), of a listing that is complete: the space is checked for all of it before the
// first byte. What `known` has is copied instead of fetched.
TreeReport download_listed(ObjectStore& store, const Listing& listing, const std::string& prefix,
                           const std::filesystem::path& directory, const TransferOptions& options,
                           KnownObjects known, std::stop_token stop);

}  // namespace trainyard::objectstore
