#pragma once
// What the files of this folder share: one file for each resource, each adds its routes.
#include <functional>
#include <optional>
#include <string>

#include "accounts/throttle.hpp"
#include "api/api.hpp"
#include "api/caller.hpp"
#include "api/metrics.hpp"
#include "api/router.hpp"
#include "api/run_hub.hpp"
#include "api/run_metrics.hpp"
#include "api/shared_pieces.hpp"
#include "api/store_places.hpp"
#include "api/watchers.hpp"
#include "base/error.hpp"
#include "http/server.hpp"
#include "wire/run.hpp"

namespace trainyard::api {

struct Service {
  ApiOptions options;
  ApiParts parts;
  TimePoint started;
  Metrics metrics;
  RunMetrics run_metrics;
  SharedPieces pieces{};
  Watchers<std::string> logins;  // by user: told when one of theirs may have ended
  StorePlaces store_places{options.store_patience};
  // Wrong passwords, for each user name and each address.
  accounts::Throttle guesses_of_user{{.burst = 10, .refill = Milliseconds(30'000)}};
  accounts::Throttle guesses_of_address{{.burst = 50, .refill = Milliseconds(6'000)}};
};

// Too much is asked for now: `status`, 429 or 503, with Retry-After.
class AskedTooMuch : public Error {
 public:
  AskedTooMuch(int status, const std::string& message, Milliseconds wait)
      : Error(ErrorKind::Unavailable, message), status_(status), wait_(wait) {}
  int status() const { return status_; }
  Milliseconds wait() const { return wait_; }

 private:
  int status_;
  Milliseconds wait_;
};

// Too many guesses.
class Throttled : public AskedTooMuch {
 public:
  explicit Throttled(Milliseconds wait);
};

struct Call {
  http::Request& request;
  const Params& params;
  Caller caller;            // empty for Access::Anyone
  std::string user;         // the caller's name
  std::string base_url;     // "http://host:port", as the client addressed us
  std::string change = {};  // for the audit log: what the path does not say, or empty
  const std::string& param(std::string_view name) const { return params.find(name)->second; }
};

using Handler = std::function<http::Answer(Service&, Call&)>;
struct Endpoint {
  Access access = Access::User;
  Handler handler;
};
using Routes = Router<Endpoint>;

void add_identity(Routes& routes);
void add_users(Routes& routes);
void add_access_tokens(Routes& routes);
void add_audit(Routes& routes);
void add_instances(Routes& routes);
void add_definitions(Routes& routes);
void add_runs(Routes& routes);
void add_experiments(Routes& routes);
void add_experiment_runs(Routes& routes);
void add_logs(Routes& routes);
void add_monitor(Routes& routes);
void add_learners(Routes& routes);
void add_frameworks(Routes& routes);
void add_status(Routes& routes);
void add_metrics(Routes& routes);
void add_openapi(Routes& routes);

// ---- helpers
// -------------------------------------------------------------------------------------

inline constexpr std::size_t kMaxJsonBody = 1 << 20;

http::Response json_response(int status, std::string body);
http::Response empty_response(int status);
// ?limit= (1…most) and ?start=; throws InvalidInput.
struct Paging {
  std::size_t limit = 0;
  std::string start;
};
Paging paging(const Call& call, std::size_t fallback, std::size_t most);
// Where the list at `path` goes on at the cursor `next`, with what else its query asked for; empty
// when it does not.
std::string next_url(const Call& call, std::string_view path, const Paging& wanted,
                     const std::string& next);

// Storage keys go out in clear to their owner alone, when a setting says so and the caller, by role
// and by what they came with, may do more than read.
wire::Secrets shown_secrets(const Service& service, const Call& call, const std::string& owner);
// The header Idempotency-Key; InvalidInput when it is empty or longer than 256 bytes.
std::optional<std::string> idempotency_key(const Call& call);

// ?last=N of a monitor, N at most 1000 (wml-v3 b.5).
std::optional<std::size_t> last_lines(const Call& call);
// InvalidInput, with what to read in its place, unless the request asks for a websocket.
void require_websocket(const Call& call, std::string_view instead);

// The run of the path's {id}, alone on a page, if the caller may see it; throws NotFound.
repository::RunPage find_run_page(Service& service, const Call& call, repository::RunDetail detail);
// The same, brief.
model::TrainingRun find_run(Service& service, const Call& call);
// Is it the key in the state directory? Who can read that owns the service.
bool is_founders_key(const Service& service, const std::string& user, const Secret& password);
// The text after "Bearer " (any case), or nullopt.
std::optional<std::string> bearer_token(const http::Request& request);

}  // namespace trainyard::api
