#pragma once
// How much machine a manifest asks for (T9; wml-v3 d.2, d.7; `gpus: N` is ours).
#include "manifest/mapping_reader.hpp"
#include "model/manifest.hpp"

namespace trainyard::manifest {

// What a manifest that names none gets.
model::Compute default_compute();
// From model_definition.execution: a size by name, numbers, or both where they agree.
model::Compute read_compute(const MappingReader& execution);
// From the top of an FfDL manifest: numbers alone.
model::Compute read_ffdl_compute(const MappingReader& top);

}  // namespace trainyard::manifest
