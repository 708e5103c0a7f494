#pragma once
// What a learner inherits of the service's environment.
#include <map>
#include <string>

namespace trainyard::engine {

// Only what programs need to find themselves, the user, the language, proxies, certificates, the
// GPU's libraries and the container engine. Nothing else passes: no key, password or setting of the
// service. PATH and LANG get a value when they have none.
std::map<std::string, std::string> learner_environment(
    const std::map<std::string, std::string>& service);

}  // namespace trainyard::engine
