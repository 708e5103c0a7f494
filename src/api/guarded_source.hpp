#pragma once
// A follow that ends with the login that opened it. For src/api only.
#include <memory>
#include <string>

#include "api/service.hpp"

namespace trainyard::api {

// What `source` yields, for as long as the caller may see what `owner` owns (still_sees). The login
// is looked up at the beginning and when Service::logins tells of a change of its user, not for
// each piece; when it is no longer good, poll() throws Unauthenticated.
std::shared_ptr<http::PushSource> guarded(Service& service, const Call& call,
                                          const std::string& owner,
                                          std::shared_ptr<http::PushSource> source);

}  // namespace trainyard::api
