// Training runs (wml-v3 b.2–b.4): /v3/models.
#include <fmt/format.h>

#include "api/conditional.hpp"
#include "api/service.hpp"
#include "api/submit.hpp"
#include "base/error.hpp"
#include "base/strings.hpp"
#include "wire/run.hpp"

namespace trainyard::api {
namespace {

constexpr std::size_t kPage = 1000;
constexpr std::size_t kSummaryPage = 10'000;

wire::RunRendering rendering(Service& service, const Call& call, const model::TrainingRun& run) {
  wire::RunRendering how;
  how.secrets = shown_secrets(service, call, run.owner);
  how.progress = service.parts.hub.progress(run.id);
  how.metrics = service.run_metrics.latest(service.parts.logs, run)->text;
  return how;
}

// The manifest is needed only where its secrets may show.
repository::RunDetail detail_of(const Service& service) {
  return service.options.echo_secrets ? repository::RunDetail::Whole : repository::RunDetail::Shown;
}

std::string shown_manifest(const repository::RunPage& page, std::size_t i, wire::Secrets secrets) {
  return page.shown_manifests.empty() ? wire::encode_shown(page.runs[i].manifest, secrets)
                                      : page.shown_manifests[i];
}

std::optional<wire::QueueView> queue_view(Service& service, const model::RunId& id) {
  const auto why = service.parts.scheduler.why(id);
  if (!why) return std::nullopt;
  return wire::QueueView{why->place, why->message, why->estimate};
}

http::Answer create(Service& service, Call& call) {
  const auto run =
      submit_run(service, call, call.request.body->read_all(kMaxJsonBody), idempotency_key(call));
  auto response = json_response(202, wire::encode_run(run, rendering(service, call, run)));
  response.headers.add("Location", "/v3/models/" + run.id.str());
  return response;
}

// Ours: would it be taken?
http::Answer check(Service& service, Call& call) {
  check_run(service, call, call.request.body->read_all(kMaxJsonBody));
  return json_response(200, R"({"ok":"true"})");
}

http::Answer read(Service& service, Call& call) {
  const auto page = find_run_page(service, call, detail_of(service));
  const auto& run = page.runs[0];
  auto how = rendering(service, call, run);
  if (run.status.state == model::RunState::Pending) how.queue = queue_view(service, run.id);
  return json_response(200, wire::encode_run(run, shown_manifest(page, 0, how.secrets), how));
}

http::Answer list_whole(Service& service, Call& call) {
  const auto wanted = paging(call, kPage, kPage);
  const auto page = service.parts.runs.list({.owner = shown_owner(call),
                                             .order = repository::Order::ById,
                                             .limit = wanted.limit,
                                             .start_after = wanted.start,
                                             .detail = detail_of(service)});
  wire::RunListWriter writer;
  for (std::size_t i = 0; i < page.runs.size(); ++i) {
    const auto how = rendering(service, call, page.runs[i]);
    writer.add(page.runs[i], shown_manifest(page, i, how.secrets), how);
  }
  return json_response(200, writer.finish(next_url(call, "/v3/models", wanted, page.next)));
}

http::Answer list_summaries(Service& service, Call& call) {
  const auto wanted = paging(call, kPage, kSummaryPage);
  const auto page = service.parts.runs.list(
      {.owner = shown_owner(call), .limit = wanted.limit, .start_after = wanted.start});
  wire::RunListWriter writer;
  for (const auto& run : page.runs) writer.add_summary(run);
  return json_response(200, writer.finish(next_url(call, "/v3/models", wanted, page.next)));
}

http::Answer list(Service& service, Call& call) {
  const auto view = call.request.query.get("view").value_or("");
  if (view.empty()) return list_whole(service, call);
  if (view == "summary") return list_summaries(service, call);
  throw Error(ErrorKind::InvalidInput, "view can only be summary");
}

http::Answer cancel(Service& service, Call& call) {
  wire::decode_cancel(call.request.body->read_all(kMaxJsonBody));
  const auto run = find_run(service, call);
  require_match(call.request, [&] { return read(service, call); });
  if (model::is_terminal(run.status.state) && run.status.state != model::RunState::Canceled) {
    throw Error(ErrorKind::Conflict, fmt::format("training run {} has already ended ({})",
                                                 run.id.str(), to_string(run.status.state)));
  }
  repository::append_retrying(service.parts.runs, run.id, model::CancelRequested{call.user},
                              service.parts.clock.now());
  service.parts.scheduler.wake();
  return empty_response(204);
}

http::Answer remove(Service& service, Call& call) {
  const auto run = find_run(service, call);
  require_match(call.request, [&] { return read(service, call); });
  service.parts.remove_runs({run.id});
  return empty_response(204);
}

}  // namespace

void add_runs(Routes& routes) {
  routes.add("POST", "/v3/models", {Access::User, create});
  routes.add("POST", "/v3/models/checks", {Access::User, check});
  routes.add("GET", "/v3/models", {Access::User, list});
  routes.add("GET", "/v3/models/{id}", {Access::User, read});
  routes.add("PATCH", "/v3/models/{id}", {Access::User, cancel});
  routes.add("DELETE", "/v3/models/{id}", {Access::User, remove});
}

}  // namespace trainyard::api
