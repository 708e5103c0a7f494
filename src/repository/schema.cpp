#include "repository/schema.hpp"

#include <array>

namespace trainyard::repository {
namespace {

// runs: what lists show, a row of a few hundred bytes. run_details: what only a single run's page
// needs. Times are milliseconds since 1970, UTC. Lists of texts (slots, lines, names) are lines.
//
// `standing` is the phase of a live run and the state of an ended one: every choice of states and
// phases is a set of standings, and each standing is a range of an index, so that what a page costs
// does not grow with the history.
constexpr std::string_view kFirst = R"sql(
CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE runs (
  queue_order INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL,
  owner TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  definition_id TEXT NOT NULL,
  definition_sha256 TEXT NOT NULL,
  name TEXT NOT NULL,
  framework TEXT NOT NULL,
  framework_version TEXT NOT NULL,
  command TEXT NOT NULL,
  size TEXT NOT NULL,
  gpus INTEGER NOT NULL,
  nodes INTEGER NOT NULL,
  cpus TEXT,
  memory_bytes INTEGER,
  modified_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  state TEXT NOT NULL,
  phase TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  cancel_requested INTEGER NOT NULL,
  execute_began INTEGER NOT NULL,
  handle TEXT NOT NULL,
  slots TEXT NOT NULL,
  exit_code INTEGER,
  verdict_code TEXT,
  verdict_kind TEXT,
  verdict_message TEXT,
  verdict_exit_code INTEGER,
  lost_reason TEXT NOT NULL,
  dispatched_at INTEGER,
  running_at INTEGER,
  training_at INTEGER,
  storing_at INTEGER,
  finished_at INTEGER,
  standing TEXT NOT NULL GENERATED ALWAYS AS
    (CASE phase WHEN 'ended' THEN state ELSE phase END) VIRTUAL
);
CREATE UNIQUE INDEX runs_by_id ON runs (id);
CREATE INDEX runs_by_standing ON runs (standing);
CREATE INDEX runs_by_standing_and_id ON runs (standing, id);
CREATE INDEX runs_by_owner ON runs (owner);
CREATE INDEX runs_by_owner_and_id ON runs (owner, id);
CREATE INDEX runs_by_end ON runs (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE run_details (
  queue_order INTEGER PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
  manifest TEXT NOT NULL,
  data_secret BLOB NOT NULL,
  results_secret BLOB NOT NULL,
  last_lines TEXT NOT NULL
);

CREATE TABLE events (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
  version INTEGER NOT NULL,
  at INTEGER NOT NULL,
  event TEXT NOT NULL,
  UNIQUE (run, version)
);
CREATE TRIGGER events_stand BEFORE UPDATE ON events
  BEGIN SELECT raise(ABORT, 'an event is never changed'); END;

CREATE TABLE idempotency_keys (
  owner TEXT NOT NULL,
  key TEXT NOT NULL,
  run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
  at INTEGER NOT NULL,
  PRIMARY KEY (owner, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_run ON idempotency_keys (run);
CREATE INDEX idempotency_keys_by_time ON idempotency_keys (at);

CREATE TABLE definitions (
  creation_order INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  version_id TEXT NOT NULL,
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  framework TEXT NOT NULL,
  framework_version TEXT NOT NULL,
  runtimes TEXT NOT NULL,
  command TEXT NOT NULL,
  extra_json TEXT NOT NULL,
  content_sha256 TEXT NOT NULL,
  created_at INTEGER NOT NULL
);
CREATE INDEX definitions_by_time ON definitions (created_at);
CREATE INDEX definitions_by_owner_and_time ON definitions (owner, created_at);
)sql";

// Experiments. An experiment run goes with the last of its training runs. What a definition says of
// its data is sealed, for the experiments that leave the data to their definitions (wml-v3 d.4).
constexpr std::string_view kExperiments = R"sql(
CREATE TABLE experiments (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  entity BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX experiments_by_owner ON experiments (owner, id);

CREATE TABLE experiment_runs (
  creation_order INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  experiment TEXT NOT NULL REFERENCES experiments ON DELETE CASCADE,
  owner TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  idempotency_key TEXT
);
CREATE INDEX experiment_runs_by_experiment ON experiment_runs (experiment);
CREATE UNIQUE INDEX experiment_runs_by_key ON experiment_runs (owner, idempotency_key)
  WHERE idempotency_key IS NOT NULL;

CREATE TABLE experiment_members (
  experiment_run INTEGER NOT NULL REFERENCES experiment_runs ON DELETE CASCADE,
  run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
  PRIMARY KEY (experiment_run, run)
) WITHOUT ROWID;
CREATE INDEX experiment_members_by_run ON experiment_members (run);
CREATE TRIGGER experiment_run_is_over AFTER DELETE ON experiment_members
  WHEN NOT EXISTS (SELECT 1 FROM experiment_members WHERE experiment_run = OLD.experiment_run)
  BEGIN DELETE FROM experiment_runs WHERE creation_order = OLD.experiment_run; END;

ALTER TABLE definitions ADD COLUMN data_reference BLOB NOT NULL DEFAULT x'';
)sql";

// What lists show of a manifest, as text (wire::encode_shown); empty in rows of before. A page of
// fifty runs is read without parsing fifty manifests.
constexpr std::string_view kShownManifests = R"sql(
ALTER TABLE run_details ADD COLUMN shown_manifest TEXT NOT NULL DEFAULT '';
)sql";

// A digest of what was asked under the key; empty in rows of before, which stand for any request.
constexpr std::string_view kAskedUnderKeys = R"sql(
ALTER TABLE idempotency_keys ADD COLUMN asked BLOB NOT NULL DEFAULT x'';
)sql";

// A definition in its versions: the one with the highest number is the newest.
constexpr std::string_view kVersions = R"sql(
CREATE TABLE definition_versions (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  definition INTEGER NOT NULL REFERENCES definitions ON DELETE CASCADE,
  version_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  framework TEXT NOT NULL,
  framework_version TEXT NOT NULL,
  runtimes TEXT NOT NULL,
  command TEXT NOT NULL,
  extra_json TEXT NOT NULL,
  content_sha256 TEXT NOT NULL,
  data_reference BLOB NOT NULL,
  modified_at INTEGER NOT NULL
);
CREATE INDEX versions_by_definition ON definition_versions (definition);

INSERT INTO definition_versions (definition, version_id, name, description, framework,
    framework_version, runtimes, command, extra_json, content_sha256, data_reference, modified_at)
  SELECT creation_order, version_id, name, description, framework, framework_version, runtimes,
    command, extra_json, content_sha256, data_reference, created_at
  FROM definitions ORDER BY creation_order;

ALTER TABLE definitions DROP COLUMN version_id;
ALTER TABLE definitions DROP COLUMN name;
ALTER TABLE definitions DROP COLUMN description;
ALTER TABLE definitions DROP COLUMN framework;
ALTER TABLE definitions DROP COLUMN framework_version;
ALTER TABLE definitions DROP COLUMN runtimes;
ALTER TABLE definitions DROP COLUMN command;
ALTER TABLE definitions DROP COLUMN extra_json;
ALTER TABLE definitions DROP COLUMN content_sha256;
ALTER TABLE definitions DROP COLUMN data_reference;
)sql";

constexpr std::array kMigrations{kFirst, kExperiments, kShownManifests, kAskedUnderKeys, kVersions};

}  // namespace

std::span<const std::string_view> migrations() { return kMigrations; }

}  // namespace trainyard::repository
