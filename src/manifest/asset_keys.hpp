#pragma once
// The keys of manifests for what is stored (see keys.hpp). For src/manifest only.
#include "manifest/keys.hpp"

namespace trainyard::manifest {

const Section& definition_manifest();
const Section& experiment_manifest();

}  // namespace trainyard::manifest
