#pragma once
// The segments of static large objects, in the container "<container>_segments": those of one
// upload are "<key>/<16 random hex digits>/<8 digits>" (a hash in place of a key that is too long).
#include <cstddef>
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
  // Those of earlier uploads of the same key, which a new object replaced or which were given up.
  void remove_others() noexcept;

 private:
  std::string name(std::size_t index) const;
  bool is_of_another_upload(const std::string& name) const;

  Client& client_;
  const Retrier& retrier_;
  std::string stem_;  // "<key>/"
  std::string folder_;
};

}  // namespace trainyard::objectstore::swift
