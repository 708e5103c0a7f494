#include "repository/observed_repository.hpp"

#include <gtest/gtest.h>

#include "repository/memory_repository.hpp"
#include "repository/sample_records.hpp"

namespace trainyard::repository {
namespace {

TEST(ObservedRepository, TellsOfRunsThatChangedAndThatRunsWereRemoved) {
  Repositories inner = make_memory_repositories();
  std::vector<std::uint64_t> versions;
  std::vector<bool> there_at_removal;
  ObservedRepository observed(
      *inner.runs, [&](const model::TrainingRun& run) { versions.push_back(run.version); },
      [&] { there_at_removal.push_back(inner.runs->find(run_id(1)).has_value()); });
  observed.create(new_run(1), at(1));
  observed.append(run_id(1), model::CancelRequested{.by = "anna"}, 1, at(2));
  EXPECT_EQ(versions, (std::vector<std::uint64_t>{1, 2}));
  EXPECT_TRUE(there_at_removal.empty());
  observed.remove({run_id(1)});
  EXPECT_EQ(there_at_removal, std::vector<bool>{false});
  EXPECT_EQ(versions.size(), 2u);
}

}  // namespace
}  // namespace trainyard::repository
