#include "repository/run_repository.hpp"

#include "repository/record.hpp"

namespace trainyard::repository {

model::TrainingRun append_retrying(RunRepository& repository, const model::RunId& id,
                                   const model::Event& event, TimePoint now) {
  constexpr int kTries = 16;
  for (int tries = 1;; ++tries) {
    const auto run = repository.find(id);
    if (!run) throw_no_run(id);
    try {
      return repository.append(id, event, run->version, now);
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::Conflict || tries == kTries) throw;
    }
  }
}

}  // namespace trainyard::repository
