#pragma once
// The implementations that the contract of the repositories is tested over.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error_testing.hpp"
#include "base/files.hpp"
#include "repository/failing_repository.hpp"
#include "repository/memory_repository.hpp"
#include "repository/sample_records.hpp"
#include "repository/sqlite_repository.hpp"

namespace trainyard::repository {

class Backend {
 public:
  virtual ~Backend() = default;
  virtual Repositories& repositories() = 0;
};

class MemoryBackend final : public Backend {
 public:
  Repositories& repositories() override { return repositories_; }

 private:
  Repositories repositories_ = make_memory_repositories();
};

// Without a plan to fail, the failing one passes every call on.
class FailingBackend final : public Backend {
 public:
  Repositories& repositories() override { return repositories_; }

 private:
  Repositories inner_ = make_memory_repositories();
  FailurePlan plan_;
  Repositories repositories_ = make_failing_repositories(inner_, plan_);
};

class SqliteBackend final : public Backend {
 public:
  Repositories& repositories() override { return repositories_; }

 private:
  TempDir dir_{"trainyard-", fast_directory()};
  Repositories repositories_ =
      open_sqlite_repositories(dir_.path() / "db", Sealer(Secret(std::string(32, 'k'))));
};

struct Implementation {
  const char* name;
  std::function<std::unique_ptr<Backend>()> make;
};

class RepositoryContract : public testing::TestWithParam<Implementation> {
 protected:
  std::unique_ptr<Backend> backend_ = GetParam().make();
  RunRepository& runs_ = *backend_->repositories().runs;
  DefinitionRepository& definitions_ = *backend_->repositories().definitions;
  ExperimentRepository& experiments_ = *backend_->repositories().experiments;
  ExperimentRunRepository& experiment_runs_ = *backend_->repositories().experiment_runs;

  model::TrainingRun create(int number) { return runs_.create(new_run(number), at(number)); }

  model::TrainingRun append(const model::RunId& id, const model::Event& event, int second) {
    return append_retrying(runs_, id, event, at(second));
  }

  std::vector<std::string> ids(const RunQuery& query) {
    std::vector<std::string> result;
    for (const auto& run : runs_.list(query).runs) result.push_back(run.id.str());
    return result;
  }
};

inline auto implementations() {
  return testing::Values(
      Implementation{"Memory", [] { return std::make_unique<MemoryBackend>(); }},
      Implementation{"Sqlite", [] { return std::make_unique<SqliteBackend>(); }},
      Implementation{"Failing", [] { return std::make_unique<FailingBackend>(); }});
}
inline std::string implementation_name(const testing::TestParamInfo<Implementation>& info) {
  return info.param.name;
}

}  // namespace trainyard::repository
