#pragma once
// The command's environment (wml-v3 e.1). Pure.
#include <map>
#include <string>

#include "learner/layout.hpp"
#include "wire/learner.hpp"

namespace trainyard::learner {

// The whole of it. `host` is the learner's own, of which only locale, proxy and certificate
// settings go on. No secret of the manifest is in it.
std::map<std::string, std::string> command_environment(
    const Layout& layout, const wire::Assignment& assignment,
    const std::map<std::string, std::string>& host);

// Where "pip install --user" puts programs; in PATH.
std::filesystem::path user_programs(const Layout& layout);

}  // namespace trainyard::learner
