#pragma once
// A run's log as bytes that become available over time: for a plain HTTP follow.
#include <memory>

#include "http/server.hpp"
#include "logstore/log_store.hpp"

namespace trainyard::api {

// From `offset` until the log is sealed. The store outlives it.
std::shared_ptr<http::PushSource> follow_log(logstore::LogStore& logs, const model::RunId& run,
                                             logstore::Stream stream, std::uint64_t offset);

}  // namespace trainyard::api
