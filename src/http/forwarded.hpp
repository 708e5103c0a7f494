#pragma once
// What a proxy in front of us says of the client.
#include <optional>
#include <string>

#include "http/message.hpp"

namespace trainyard::http {

// The client's address, "192.0.2.1" or "[2001:db8::1]", with ":port" when it is told: the last of
// X-Forwarded-For, which the proxy itself added. Those before it are what the client sent, and may
// say anything. nullopt when it is no address.
std::optional<std::string> forwarded_peer(const Headers& headers);

}  // namespace trainyard::http
