#pragma once
// The part of the key table that is about object stores.
#include "manifest/keys.hpp"

namespace trainyard::manifest {

const Section& data_reference();     // T10
const Section& results_reference();  // T11
// The two as keys of a whole manifest.
Key data_reference_key(Need need, std::string_view doc);
Key results_reference_key();
const Section& ffdl_store();  // an item of FfDL's data_stores

}  // namespace trainyard::manifest
