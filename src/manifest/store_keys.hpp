#pragma once
// The part of the key table that is about object stores.
#include "manifest/keys.hpp"

namespace trainyard::manifest {

const Section& data_reference();     // T10
const Section& results_reference();  // T11
const Section& ffdl_store();         // an item of FfDL's data_stores

}  // namespace trainyard::manifest
