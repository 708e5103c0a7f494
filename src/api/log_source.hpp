#pragma once
// A run's log as bytes that become available over time: for those who follow it by plain HTTP.
#include <memory>

#include "http/server.hpp"
#include "logstore/log_store.hpp"

namespace trainyard::api {

// From `offset`, once the log is that long, until it is sealed. The store outlives them.
std::shared_ptr<http::PushSource> follow_log(logstore::LogStore& logs, const model::RunId& run,
                                             logstore::Stream stream, std::uint64_t offset);

// The same as server-sent events, whole lines where it can be:
//   id: <offset after it>
//   data: {"offset":N,"text":"…"}
// and at the end `event: end` with the id of the last. A JSON text, because a log may hold carriage
// returns, which would end a line of an event. Last-Event-ID is the offset to go on from.
std::shared_ptr<http::PushSource> follow_log_events(logstore::LogStore& logs,
                                                    const model::RunId& run,
                                                    logstore::Stream stream, std::uint64_t offset);

}  // namespace trainyard::api
