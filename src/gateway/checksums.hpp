#pragma once
// The checksums of S3, as this folder's code names them.
#include "objectstore/checksums.hpp"

namespace trainyard::gateway {

using objectstore::algorithm_named;
using objectstore::algorithm_of_element;
using objectstore::algorithm_of_header;
using objectstore::Checksum;
using objectstore::checksum_from_text;
using objectstore::ChecksumAlgorithm;
using objectstore::ChecksumState;
using objectstore::ChecksumType;
using objectstore::PartChecksum;
using objectstore::type_named;

// Made of every object that comes without a checksum of its client's choice, as Amazon S3 does.
inline constexpr ChecksumAlgorithm kDefaultChecksum = ChecksumAlgorithm::Crc64Nvme;

}  // namespace trainyard::gateway
