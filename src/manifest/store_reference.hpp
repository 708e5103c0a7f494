#pragma once
// Connection and bucket of one object store (T10–T14; wml-v3 d.1, d.7).
#include "manifest/mapping_reader.hpp"
#include "model/manifest.hpp"

namespace trainyard::manifest {

// `reference` is a training_data_reference or training_results_reference; `place` names its key
// for the bucket ("source", "target"). What is wrong is reported; the result is then of no use.
model::StoreReference read_reference(const MappingReader& reference, std::string_view place);

// The same from a data store of FfDL, whose bucket stands under "training_data" or
// "training_results".
model::StoreReference read_ffdl_reference(const MappingReader& store, std::string_view place);

}  // namespace trainyard::manifest
