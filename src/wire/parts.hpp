#pragma once
// The pieces of JSON that several documents share. For src/wire only.
#include <string_view>

#include "model/run.hpp"
#include "wire/json_reader.hpp"
#include "wire/json_writer.hpp"
#include "wire/learner.hpp"
#include "wire/metric.hpp"
#include "wire/run.hpp"

namespace trainyard::wire {

// {"endpoint_url","access_key_id"?,"secret_access_key"?,"region"?}, without keys for a public
// bucket, or the Swift variables of T14; which of them is said by the `type` beside it.
void write_connection(JsonWriter& out, const model::StoreReference& reference, Secrets secrets);

// {"name","version","runtimes"?:[{"name","version"}]}; one runtime alone is read as well.
void write_framework(JsonWriter& out, const model::Framework& framework);
model::Framework read_framework(const JsonObject& in);

void write_manifest(JsonWriter& out, const model::Manifest& manifest);  // with secrets
model::Manifest read_manifest(const JsonObject& in);

// {"code","kind","message","exit_code"?,"last_lines":[]}
void write_verdict(JsonWriter& out, const model::Verdict& verdict);
model::Verdict read_verdict(const JsonObject& in);

// {"trace","errors":[{"code":"dl_job_failed (C201)","message"}]} of a run that failed (b.4).
void write_failure(JsonWriter& out, const model::Verdict& verdict);
// "<id>: <exit code>" of a failed run, "<id>: " of any other that was started (b.4).
std::string status_message(const model::TrainingRun& run);

void write_event(JsonWriter& out, const model::Event& event);
model::Event read_event(const JsonObject& in);

void write_progress(JsonWriter& out, const Progress& progress);
Progress read_progress(const JsonObject& in);

// The list "metrics" of a status; empty when it has none.
std::vector<Metric> read_metrics(const JsonObject& status);

// The field "name": required, and as short as names have to be.
std::string read_name(const JsonObject& in);

// A count of milliseconds, as a field; 0 or more.
Milliseconds read_duration(const JsonObject& in, std::string_view key);

// "next":{"url"}, left out when there is no next page.
void write_next(JsonWriter& out, std::string_view url);
std::string read_next(const JsonObject& in);

}  // namespace trainyard::wire
