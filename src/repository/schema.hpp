#pragma once
#include <span>
#include <string_view>

namespace trainyard::repository {

// For db::migrate. A migration that was released is never changed; a change of the schema is one
// more at the end.
std::span<const std::string_view> migrations();

}  // namespace trainyard::repository
