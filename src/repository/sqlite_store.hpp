#pragma once
// The database that the repositories share. For src/repository only.
#include <filesystem>
#include <memory>
#include <string>

#include "repository/group_commit.hpp"
#include "repository/reader_pool.hpp"
#include "repository/repositories.hpp"
#include "repository/sealer.hpp"

namespace trainyard::repository {

struct SqliteStore {
  SqliteStore(db::Connection writer_connection, const std::filesystem::path& path, Sealer key)
      : writer(std::move(writer_connection)), readers(path, kReaders), sealer(std::move(key)) {}

  static constexpr std::size_t kReaders = 4;
  GroupCommit writer;
  ReaderPool readers;
  Sealer sealer;
};

// What is asked of definitions, as SQL; here so that a test sees their plans.
struct DefinitionQueries {
  std::string newest, one, versions;  // of one definition
  std::string page, page_of_owner;
};
const DefinitionQueries& definition_queries();

std::unique_ptr<RunRepository> make_sqlite_runs(std::shared_ptr<SqliteStore> store);
std::unique_ptr<DefinitionRepository> make_sqlite_definitions(std::shared_ptr<SqliteStore> store);
std::unique_ptr<ExperimentRepository> make_sqlite_experiments(std::shared_ptr<SqliteStore> store);
std::unique_ptr<ExperimentRunRepository> make_sqlite_experiment_runs(
    std::shared_ptr<SqliteStore> store);

}  // namespace trainyard::repository
