// What only the file can get wrong: what survives, what is refused, what stands in it.
#include "repository/sqlite_repository.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <span>

#include "base/fd.hpp"
#include "base/files.hpp"
#include "base/strings.hpp"
#include "db/database.hpp"
#include "repository/run_list.hpp"
#include "repository/sample_records.hpp"
#include "repository/schema.hpp"
#include "repository/sqlite_store.hpp"

namespace trainyard::repository {
namespace {

using testing::HasSubstr;
using testing::Not;

Sealer sealer(char key = 'k') { return Sealer(Secret(std::string(32, key))); }

class SqliteRepository : public testing::Test {
 protected:
  Repositories open() { return open_sqlite_repositories(path_, sealer()); }

  std::string all_bytes() {
    std::string bytes;
    for (const auto& entry : fs::directory_iterator(dir_.path())) bytes += read_file(entry.path());
    return bytes;
  }

  std::string problem(ErrorKind kind, const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), kind) << e.what();
      return e.what();
    }
    return "no error";
  }

  TempDir dir_{"trainyard-", fast_directory()};
  fs::path path_ = dir_.path() / "trainyard.db";
};

TEST_F(SqliteRepository, EverythingIsThereAfterOpeningAgain) {
  model::TrainingRun run;
  {
    Repositories records = open();
    run = records.runs->create(new_run(1), at(1));
    int second = 2;
    for (const model::Event& event : whole_life()) {
      run = append_retrying(*records.runs, run.id, event, at(second++));
    }
    records.definitions->create(new_definition(1));
  }
  Repositories records = open();
  EXPECT_EQ(records.runs->find(run.id), run);
  EXPECT_EQ(records.runs->events_after(0, 100, run.id).size(), whole_life().size());
  EXPECT_EQ(records.definitions->find(new_definition(1).id), new_definition(1));
  EXPECT_GT(records.runs->create(new_run(2), at(99)).queue_order, run.queue_order);
}

TEST_F(SqliteRepository, ADefinitionOfBeforeVersionsIsTheFirstOfItsOwn) {
  constexpr std::size_t kBefore = 4;
  const Secret reference("{\"password\":\"p\"}");
  {
    db::Connection old({.path = path_});
    db::migrate(old, path_, migrations().first(kBefore));
    for (const std::string id : {"d1", "d2"}) {
      db::Statement& insert = old.prepare(
          "INSERT INTO definitions (id, version_id, owner, name, description, framework, "
          "framework_version, runtimes, command, extra_json, content_sha256, created_at, "
          "data_reference) VALUES (?, 'v', 'anna', 'name', 'text', 'tensorflow', '1.10', "
          "'python' || char(10) || '3.6', 'run', '{\"a\":1}', 'cafe', 7000, ?)");
      insert.bind(1, id).bind_blob(2, sealer().seal(reference, id + "/data_reference"));
      insert.run();
    }
  }
  Repositories records = open();
  DefinitionRepository& definitions = *records.definitions;
  TrainingDefinition first{.id = "d1",
                           .version_id = "v",
                           .owner = "anna",
                           .name = "name",
                           .description = "text",
                           .framework = {.name = "tensorflow",
                                         .version = "1.10",
                                         .runtimes = {{.name = "python", .version = "3.6"}}},
                           .command = "run",
                           .extra_json = R"({"a":1})",
                           .data_reference = reference,
                           .content_sha256 = "cafe",
                           .created_at = at(7),
                           .modified_at = at(7)};
  TrainingDefinition second = first;
  second.id = "d2";
  EXPECT_THAT(definitions.list("anna", 10, "").definitions, testing::ElementsAre(first, second));
  EXPECT_THAT(definitions.versions("d1"), testing::ElementsAre(first));
  EXPECT_THAT(definitions.used_contents(), testing::ElementsAre("cafe"));
  TrainingDefinition newer = first;
  newer.version_id = "v2";
  newer.content_sha256 = "";
  definitions.add_version(newer);
  EXPECT_THAT(definitions.versions("d1"), testing::ElementsAre(first, newer));
  definitions.remove("d1");
  EXPECT_THAT(definitions.versions("d1"), testing::IsEmpty());
  EXPECT_EQ(definitions.find("d2"), second);
}

TEST_F(SqliteRepository, NoSecretStandsInTheFilesAndNoneLooksLikeAnother) {
  Repositories records = open();
  records.runs->create(new_run(1), at(1));
  records.definitions->create(new_definition(1));
  records.definitions->add_version(next_version(2));
  records.experiments->create(new_experiment(1));
  const std::string bytes = all_bytes();
  EXPECT_THAT(bytes, HasSubstr("run 1")) << "these are the right files";
  EXPECT_THAT(bytes, Not(HasSubstr("s3-secret-value")));
  EXPECT_THAT(bytes, Not(HasSubstr("swift-secret-value")));
  EXPECT_THAT(bytes, Not(HasSubstr("definition-secret")));
  EXPECT_THAT(bytes, Not(HasSubstr("version-secret")));
  EXPECT_THAT(bytes, Not(HasSubstr("experiment-secret")));
}

TEST_F(SqliteRepository, AnotherKeyIsRefusedAtOnce) {
  open();
  EXPECT_THAT(problem(ErrorKind::Conflict, [&] { open_sqlite_repositories(path_, sealer('x')); }),
              HasSubstr("put the key file back"));
  EXPECT_NO_THROW(open());
}

TEST_F(SqliteRepository, ASecretMovedToAnotherRunDoesNotOpen) {
  Repositories records = open();
  records.runs->create(new_run(1), at(1));
  records.runs->create(new_run(2), at(2));
  db::Connection thief({.path = path_});
  thief.execute(
      "UPDATE run_details SET data_secret = (SELECT data_secret FROM run_details WHERE "
      "queue_order = 1) WHERE queue_order = 2");
  EXPECT_TRUE(records.runs->find(run_id(1)));
  EXPECT_THAT(problem(ErrorKind::Corrupt, [&] { records.runs->find(run_id(2)); }),
              HasSubstr(run_id(2).str()));
}

TEST_F(SqliteRepository, ADamagedFileIsRefused) {
  {
    Repositories records = open();
    for (int i = 0; i < 200; ++i) records.runs->create(new_run(i), at(i));
  }
  std::string bytes = read_file(path_);
  const std::size_t middle = bytes.size() / 2 / 4096 * 4096;
  bytes.replace(middle, 4096, std::string(4096, '\xAA'));
  write_file_atomic(path_, bytes);
  EXPECT_THAT(problem(ErrorKind::Corrupt, [&] { open(); }), HasSubstr(path_.native()));
}

TEST_F(SqliteRepository, ANewerSchemaIsRefused) {
  open();
  db::Connection later({.path = path_});
  later.execute("PRAGMA user_version = 99");
  problem(ErrorKind::Conflict, [&] { open(); });
}

TEST_F(SqliteRepository, AnEventIsNeverChanged) {
  Repositories records = open();
  records.runs->create(new_run(1), at(1));
  append_retrying(*records.runs, run_id(1), model::CancelRequested{.by = "anna"}, at(2));
  db::Connection other({.path = path_});
  EXPECT_THROW(other.execute("UPDATE events SET at = 0"), Error);
}

// ---- access paths
// --------------------------------------------------------------------------------

std::string plan_of(db::Connection& connection, const std::string& sql) {
  std::string plan;
  db::Statement& explain = connection.prepare("EXPLAIN QUERY PLAN " + sql);
  while (explain.step()) plan += explain.text(3) + "\n";
  return plan;
}

std::string plan_of(db::Connection& connection, const RunQuery& query) {
  return plan_of(connection, list_statement(query).value().sql);
}

TEST_F(SqliteRepository, DefinitionsAreFoundByIndicesAlone) {
  open();
  db::Connection connection({.path = path_});
  const DefinitionQueries& queries = definition_queries();
  for (const std::string& sql :
       {queries.newest, queries.one, queries.versions, queries.page, queries.page_of_owner}) {
    const std::string plan = plan_of(connection, sql);
    EXPECT_THAT(plan, HasSubstr("versions_by_definition")) << sql;
    EXPECT_THAT(plan, Not(HasSubstr("SCAN"))) << sql << plan;
    EXPECT_THAT(plan, Not(HasSubstr("TEMP B-TREE"))) << sql << plan;
  }
}

TEST_F(SqliteRepository, NoPageIsMadeBySortingOrReadingTheWholeHistory) {
  open();
  db::Connection connection({.path = path_});
  using model::Phase;
  using model::RunState;
  const std::vector<RunQuery> queries{
      {},
      {.owner = "anna"},
      {.states = {RunState::Error}},
      {.states = {RunState::Pending, RunState::Running}, .owner = "anna"},
      {.phases = {Phase::Queued}},
      {.id = run_id(1)},
      {.phases = {Phase::Starting, Phase::Staging, Phase::Training, Phase::Storing}}};
  for (RunQuery query : queries) {
    for (const Order order : {Order::ById, Order::BySubmission, Order::BySubmissionDescending}) {
      query.order = order;
      for (const RunDetail detail : {RunDetail::Brief, RunDetail::Shown, RunDetail::Whole}) {
        query.detail = detail;
        const std::string plan = plan_of(connection, query);
        EXPECT_THAT(plan, Not(HasSubstr("TEMP B-TREE")));
        const bool everything = !query.owner && query.states.empty() && query.phases.empty();
        EXPECT_TRUE(everything || plan.find("SCAN r\n") == plan.npos) << plan;
      }
    }
  }
  EXPECT_THAT(plan_of(connection, {.finished_before = at(1)}),
              HasSubstr("USING INDEX runs_by_end"));
}

TEST_F(SqliteRepository, LiveRunsAreCountedByAnIndexAlone) {
  open();
  db::Connection connection({.path = path_});
  const std::string plan = plan_of(connection, live_count_sql());
  EXPECT_THAT(plan, HasSubstr("SEARCH runs USING INDEX runs_by_standing"));
  EXPECT_THAT(plan, Not(HasSubstr("SCAN")));
  db::Statement& program = connection.prepare("EXPLAIN " + live_count_sql());
  while (program.step()) EXPECT_NE(program.text(1), "Column") << "a row of the table is read";
}

TEST_F(SqliteRepository, ARunOfBeforeIsShownFromItsManifest) {
  Repositories records = open();
  records.runs->create(new_run(1), at(1));
  const auto before = records.runs->list({.detail = RunDetail::Shown});
  db::Connection({.path = path_}).execute("UPDATE run_details SET shown_manifest = ''");
  const auto after = records.runs->list({.detail = RunDetail::Shown});
  EXPECT_EQ(after.runs, before.runs);
  EXPECT_EQ(after.shown_manifests, before.shown_manifests);
}

// ---- kill -9 ------------------------------------------------------------------------------------

// A child that moves a run on and on (from the queue to a lost learner and back, then a new run),
// and says on the pipe what was acknowledged. Never returns.
[[noreturn]] void write_until_killed(const fs::path& path, const Fd& acknowledged) {
  Repositories records = open_sqlite_repositories(path, sealer());
  for (int number = 1;; ++number) {
    model::TrainingRun run = records.runs->create(new_run(number), at(number));
    write_all(acknowledged, run.id.str() + " 1\n");
    for (const model::Event& event : whole_life()) {
      run = records.runs->append(run.id, event, run.version, at(number));
      write_all(acknowledged, run.id.str() + " " + std::to_string(run.version) + "\n");
    }
  }
}

void check_whole(RunRepository& runs, const model::TrainingRun& run) {
  model::RunStatus status;
  std::uint64_t version = 1;
  for (const StoredEvent& stored : runs.events_after(0, 100, run.id)) {
    ASSERT_EQ(stored.version, ++version) << "versions follow each other";
    status = model::next(status, stored.event, stored.at).value();
  }
  ASSERT_EQ(run.version, version);
  ASSERT_EQ(run.status, status) << "the row is what the events say";
}

TEST_F(SqliteRepository, AKeyOfBeforeStandsForAnyRequest) {
  Repositories records = open();
  NewRun run = new_run(1);
  run.idempotency_key = {.key = "key", .asked = "x"};
  records.runs->create(run, at(1));
  db::Connection({.path = path_}).execute("UPDATE idempotency_keys SET asked = x''");
  EXPECT_TRUE(records.runs->find_by_key("anna", {.key = "key", .asked = "y"}, at(2)));
}

TEST_F(SqliteRepository, WhatWasAcknowledgedSurvivesAKill) {
  open();
  for (int round = 0; round < 5; ++round) {
    Pipe pipe = make_pipe();
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) write_until_killed(path_, pipe.write);
    pipe.write.reset();
    std::string said;
    char buffer[64];
    while (said.size() < 400u + 997u * static_cast<unsigned>(round)) {
      const auto count = read_some(pipe.read, std::as_writable_bytes(std::span(buffer)));
      ASSERT_GT(count, 0u) << "the child ended by itself";
      said.append(buffer, count);
    }
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    while (const auto count = read_some(pipe.read, std::as_writable_bytes(std::span(buffer)))) {
      said.append(buffer, count);
    }

    Repositories records = open();
    std::map<std::string, std::uint64_t> acknowledged;
    for (const std::string& line : split(said.substr(0, said.rfind('\n')), '\n')) {
      acknowledged[line.substr(0, line.find(' '))] = *parse_u64(line.substr(line.find(' ') + 1));
    }
    for (const auto& [id, version] : acknowledged) {
      const auto run = records.runs->find(model::RunId::parse(id).value());
      ASSERT_TRUE(run) << id;
      EXPECT_GE(run->version, version);
      check_whole(*records.runs, *run);
    }
    for (const auto& run : records.runs->list({.detail = RunDetail::Whole}).runs) {
      check_whole(*records.runs, run);
    }
    fs::remove(path_);  // the next round begins anew
    fs::remove(path_.native() + "-wal");
    fs::remove(path_.native() + "-shm");
  }
}

}  // namespace
}  // namespace trainyard::repository
