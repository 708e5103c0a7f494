#pragma once
// A run's log as bytes that become available over time: for those who follow it by plain HTTP.
#include <memory>

#include "api/shared_pieces.hpp"
#include "http/server.hpp"
#include "logstore/log_store.hpp"

namespace trainyard::api {

// From the place on, once the log is that long, until it is sealed. LogForm::Bytes gives the log as
// it is; LogForm::Events gives whole lines, where it can be:
//   id: <offset after it>
//   data: {"offset":N,"text":"…"}
// and at the end `event: end` with the id of the last. A JSON text, because a log may hold carriage
// returns, which would end a line of an event. Last-Event-ID is the offset to go on from.
// The store outlives them.
std::shared_ptr<http::PushSource> follow_log(logstore::LogStore& logs, LogPlace place);

// The same as one gzip stream (RFC 1952), of which everything can be read that has come; `pieces`
// is for all who follow, and outlives them.
std::shared_ptr<http::PushSource> follow_log_as_gzip(logstore::LogStore& logs, LogPlace place,
                                                     SharedPieces& pieces);

}  // namespace trainyard::api
