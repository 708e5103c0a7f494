#pragma once
// The service as one object: opens its state, wires the parts together, serves.
#include <memory>
#include <string>

#include "main/config.hpp"

namespace trainyard {

class RunningService {
 public:
  virtual ~RunningService() = default;  // stops serving; runs go on
  virtual const std::string& api_url() const = 0;
  virtual const std::string& store_url() const = 0;
};

// Throws Error when the state is another service's or damaged, or an address is taken.
std::unique_ptr<RunningService> start_service(const Config& config, const Environment& env);

}  // namespace trainyard
