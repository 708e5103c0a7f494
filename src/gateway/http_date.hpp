#pragma once
// "Fri, 24 May 2013 00:00:00 GMT" (RFC 9110, 5.6.7). Only this form is written; it is also the only
// one that today's clients send, so only it is read.
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace trainyard::gateway {

std::string format_http_date(TimePoint time);
std::optional<TimePoint> parse_http_date(std::string_view text);

}  // namespace trainyard::gateway
