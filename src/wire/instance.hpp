#pragma once
// GET /v3/wml_instances/{id} (wml-v3 a.5): who the service belongs to and what it holds. Clients of
// old read entity.published_models.url and entity.deployments.url from it.
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace trainyard::wire {

// What those are told who want to store a trained model (b.6).
inline constexpr const char* kNoStoredModels =
    "trained models are not stored by the service: they lie in the results bucket, in the folder "
    "that has the run's id";

struct Instance {
  std::string id;
  std::string user;  // its owner's name
  std::string plan;  // "standard"
  TimePoint created_at;
  unsigned gpus = 0;  // slots of the service
  unsigned gpus_used = 0;
};

// With every recorded field: those of things that this service has not, an account of a cloud, say,
// are empty or 0, and it expires when there is nobody left to notice.
// `base_url` is where the client reached the service: "http://127.0.0.1:8080", without a slash.
std::string encode(const Instance& instance, std::string_view base_url);

struct InstanceView {
  std::string id, url, status, plan;
  unsigned gpus = 0, gpus_used = 0;
};
InstanceView decode_instance(std::string_view json);  // InvalidInput

}  // namespace trainyard::wire
