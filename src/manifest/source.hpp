#pragma once

namespace trainyard::manifest {

enum class Source {
  File,     // YAML or JSON that a person wrote: unknown keys are warned about
  Request,  // JSON that a client sent: unknown keys are ignored (wml-v3 b.2)
};

}  // namespace trainyard::manifest
