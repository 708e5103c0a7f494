#pragma once
// The segments of static large objects, in the container "<container>_segments": those of one
// upload are "<key>/<16 random hex digits>/<8 digits>" (a hash in place of a key that is too long).
#include <cstddef>
#include <set>
#include <stop_token>
#include <string>

#include "objectstore/retry.hpp"
#include "objectstore/swift_client.hpp"
#include "objectstore/swift_listing.hpp"

namespace trainyard::objectstore::swift {

// Sends the source to the request's place and answers with the MD5, raw. Throws Unavailable for
// bytes that were damaged on their way and for an answer that is not the store's, Conflict when the
// source changed meanwhile.
std::string put_verified(Client& client, Request& request, Source& source);

// Those of all uploads to keys below `prefix` that no object stands on. How many they were.
std::uint64_t remove_unused_segments(Client& client, const std::string& prefix,
                                     std::stop_token stop);

// Thread-safe.
class Segments {
 public:
  // Of a new upload.
  Segments(Client& client, const Retrier& retrier, const std::string& key);

  void make_container(std::stop_token stop);
  Segment send(std::size_t index, Source& slice, std::stop_token stop);
  void remove(std::size_t count) noexcept;
  // The names of those that the object at the key stands on. Empty, with a warning, when the store
  // does not tell.
  std::set<std::string> in_use(std::stop_token stop);
  // Of those that the object stood on before the new manifest was written: the ones that it does
  // not stand on now. All others are left, for they can be of an upload that is under way.
  void remove_replaced(const std::set<std::string>& before) noexcept;

 private:
  std::string name(std::size_t index) const;

  Client& client_;
  const Retrier& retrier_;
  std::string key_;
  std::string stem_;  // "<key>/"
  std::string folder_;
};

}  // namespace trainyard::objectstore::swift
