#pragma once
// The manifests of FfDL, the open-source sibling of the service (wml-v3 d.7).
#include "manifest/mapping_reader.hpp"
#include "manifest/tree.hpp"
#include "model/manifest.hpp"

namespace trainyard::manifest {

// `root` is a mapping with the key data_stores. One store may serve both directions; without a
// place for results they go to the bucket of the data, with a warning.
model::Manifest read_ffdl_manifest(const Node& root, Problems& problems);

}  // namespace trainyard::manifest
