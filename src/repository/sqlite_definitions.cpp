#include <fmt/format.h>

#include "repository/columns.hpp"
#include "repository/record.hpp"
#include "repository/sqlite_store.hpp"

namespace trainyard::repository {
namespace {

constexpr std::string_view kColumns =
    "SELECT d.creation_order, d.id, v.version_id, d.owner, v.name, v.description, v.framework, "
    "v.framework_version, v.runtimes, v.command, v.extra_json, v.content_sha256, d.created_at, "
    "v.data_reference, v.modified_at ";
constexpr std::string_view kNewest =
    "JOIN definition_versions v ON v.number = "
    "(SELECT max(number) FROM definition_versions WHERE definition = d.creation_order) ";
constexpr std::string_view kOfOne =
    "FROM definitions d JOIN definition_versions v ON v.definition = d.creation_order "
    "WHERE d.id = ? ";

std::string data_context(const std::string& id) { return id + "/data_reference"; }

// Name and version of each, line by line.
std::vector<std::string> runtime_lines(const model::Framework& framework) {
  std::vector<std::string> lines;
  for (const model::RuntimeName& runtime : framework.runtimes) {
    lines.push_back(runtime.name);
    lines.push_back(runtime.version);
  }
  return lines;
}

std::vector<model::RuntimeName> runtimes_of(const std::vector<std::string>& lines) {
  std::vector<model::RuntimeName> runtimes;
  for (std::size_t i = 0; i + 1 < lines.size(); i += 2) {
    runtimes.push_back({.name = lines[i], .version = lines[i + 1]});
  }
  return runtimes;
}

struct OrderedDefinition {
  std::int64_t order = 0;
  TrainingDefinition definition;
};

OrderedDefinition read_definition(const db::Statement& row, const Sealer& sealer) {
  ColumnReader in(row);
  OrderedDefinition result;
  result.order = in.number<std::int64_t>();
  TrainingDefinition& definition = result.definition;
  definition.id = in.text();
  definition.version_id = in.text();
  definition.owner = in.text();
  definition.name = in.text();
  definition.description = in.text();
  definition.framework.name = in.text();
  definition.framework.version = in.text();
  definition.framework.runtimes = runtimes_of(in.lines());
  definition.command = in.text();
  definition.extra_json = in.text();
  definition.content_sha256 = in.text();
  definition.created_at = in.time();
  if (const auto sealed = in.text(); !sealed.empty()) {
    definition.data_reference = sealer.open(sealed, data_context(definition.id));
  }
  definition.modified_at = in.time();
  return result;
}

void insert_version(db::Connection& connection, std::int64_t order,
                    const TrainingDefinition& definition, std::string_view sealed_reference) {
  db::Statement& insert = connection.prepare(
      "INSERT INTO definition_versions (definition, version_id, name, description, framework, "
      "framework_version, runtimes, command, extra_json, content_sha256, data_reference, "
      "modified_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  ParameterWriter(insert)
      .put(order)
      .put(definition.version_id)
      .put(definition.name)
      .put(definition.description)
      .put(definition.framework.name)
      .put(definition.framework.version)
      .put(runtime_lines(definition.framework))
      .put(definition.command)
      .put(definition.extra_json)
      .put(definition.content_sha256)
      .put_blob(sealed_reference)
      .put(definition.modified_at);
  insert.run();
}

std::int64_t insert_definition(db::Connection& connection, const TrainingDefinition& definition) {
  db::Statement& insert = connection.prepare(
      "INSERT INTO definitions (id, owner, created_at) VALUES (?, ?, ?) "
      "ON CONFLICT (id) DO NOTHING");
  ParameterWriter(insert).put(definition.id).put(definition.owner).put(definition.created_at);
  insert.run();
  if (connection.changes() == 0) throw_definition_exists(definition.id);
  return connection.last_insert_rowid();
}

// Its creation order, by which its versions name it. NotFound.
std::int64_t order_of(db::Connection& connection, const std::string& id) {
  db::Statement& query = connection.prepare("SELECT creation_order FROM definitions WHERE id = ?");
  query.bind(1, id);
  if (!query.step()) throw_no_definition(id);
  const std::int64_t order = query.integer(0);
  query.reset();
  return order;
}

// nullopt: there is no such version.
std::optional<std::string> content_of(db::Connection& connection, std::int64_t order,
                                      const std::string& version_id) {
  db::Statement& query = connection.prepare(
      "SELECT content_sha256 FROM definition_versions WHERE definition = ? AND version_id = ?");
  ParameterWriter(query).put(order).put(version_id);
  if (!query.step()) return std::nullopt;
  auto content = query.text(0);
  query.reset();
  return content;
}

std::size_t count_versions(db::Connection& connection, std::int64_t order) {
  db::Statement& query =
      connection.prepare("SELECT count(*) FROM definition_versions WHERE definition = ?");
  query.bind(1, order);
  query.step();
  const auto count = static_cast<std::size_t>(query.integer(0));
  query.reset();
  return count;
}

db::Statement& query_page(db::Connection& connection, const std::string& owner, std::size_t limit,
                          const DefinitionCursor& cursor) {
  const DefinitionQueries& queries = definition_queries();
  db::Statement& query = connection.prepare(owner.empty() ? queries.page : queries.page_of_owner);
  ParameterWriter out(query);
  if (!owner.empty()) out.put(owner);
  out.put(cursor.created_at_ms).put(cursor.order).put(std::min<std::size_t>(limit, INT32_MAX) + 1);
  return query;
}

constexpr DefinitionCursor kBeforeAll{.created_at_ms = INT64_MIN, .order = 0};

class SqliteDefinitionRepository final : public DefinitionRepository {
 public:
  explicit SqliteDefinitionRepository(std::shared_ptr<SqliteStore> store)
      : store_(std::move(store)) {}

  void create(const TrainingDefinition& definition) override {
    const std::string sealed = seal_reference(definition);
    store_->writer.run([&](db::Connection& connection) {
      insert_version(connection, insert_definition(connection, definition), definition, sealed);
    });
  }

  void add_version(const TrainingDefinition& definition) override {
    const std::string sealed = seal_reference(definition);
    store_->writer.run([&](db::Connection& connection) {
      const std::int64_t order = order_of(connection, definition.id);
      check_takes_version(definition.id, count_versions(connection, order));
      insert_version(connection, order, definition, sealed);
    });
  }

  std::optional<TrainingDefinition> find(const std::string& id) override {
    return first(read(definition_queries().newest, {id}));
  }

  std::optional<TrainingDefinition> find(const std::string& id,
                                         const std::string& version_id) override {
    return first(read(definition_queries().one, {id, version_id}));
  }

  std::vector<TrainingDefinition> versions(const std::string& id) override {
    return read(definition_queries().versions, {id});
  }

  DefinitionPage list(const std::string& owner, std::size_t limit,
                      const std::string& start_after) override {
    check_limit(limit);
    const auto cursor = decode_definition_cursor(start_after);
    return store_->readers.run([&](db::Connection& connection) {
      DefinitionPage page;
      DefinitionCursor last;
      db::Statement& query = query_page(connection, owner, limit, cursor.value_or(kBeforeAll));
      while (query.step()) {
        if (page.definitions.size() == limit) {
          page.next = encode_cursor(last);
          break;
        }
        OrderedDefinition read = read_definition(query, store_->sealer);
        last = {read.definition.created_at.time_since_epoch().count(), read.order};
        page.definitions.push_back(std::move(read.definition));
      }
      return page;
    });
  }

  void set_content(const std::string& id, const std::string& version_id,
                   const std::string& sha256) override {
    store_->writer.run([&](db::Connection& connection) {
      const std::int64_t order = order_of(connection, id);
      const auto known = content_of(connection, order, version_id);
      if (!known) throw_no_version(id, version_id);
      if (*known == sha256) return;
      if (!known->empty()) throw_has_content(id, version_id);
      db::Statement& update = connection.prepare(
          "UPDATE definition_versions SET content_sha256 = ? "
          "WHERE definition = ? AND version_id = ?");
      ParameterWriter(update).put(sha256).put(order).put(version_id);
      update.run();
    });
  }

  void remove(const std::string& id) override {
    store_->writer.run([&](db::Connection& connection) {
      connection.prepare("DELETE FROM definitions WHERE id = ?").bind(1, id).run();
      if (connection.changes() == 0) throw_no_definition(id);
    });
  }

  std::vector<std::string> used_contents() override {
    return store_->readers.run([](db::Connection& connection) {
      std::vector<std::string> used;
      db::Statement& query = connection.prepare(
          "SELECT content_sha256 FROM definition_versions WHERE content_sha256 != '' "
          "UNION SELECT definition_sha256 FROM runs WHERE definition_sha256 != ''");
      while (query.step()) used.push_back(query.text(0));
      return used;
    });
  }

 private:
  std::string seal_reference(const TrainingDefinition& definition) {
    if (definition.data_reference.empty()) return "";
    return store_->sealer.seal(definition.data_reference, data_context(definition.id));
  }

  std::vector<TrainingDefinition> read(const std::string& sql,
                                       const std::vector<std::string>& parameters) {
    return store_->readers.run([&](db::Connection& connection) {
      db::Statement& query = connection.prepare(sql);
      ParameterWriter out(query);
      for (const std::string& parameter : parameters) out.put(std::string_view(parameter));
      std::vector<TrainingDefinition> found;
      while (query.step()) {
        found.push_back(read_definition(query, store_->sealer).definition);
      }
      return found;
    });
  }

  static std::optional<TrainingDefinition> first(std::vector<TrainingDefinition> found) {
    return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
  }

  std::shared_ptr<SqliteStore> store_;
};

}  // namespace

const DefinitionQueries& definition_queries() {
  static const DefinitionQueries queries{
      .newest = fmt::format("{} FROM definitions d {} WHERE d.id = ?", kColumns, kNewest),
      .one = fmt::format("{} {} AND v.version_id = ?", kColumns, kOfOne),
      .versions = fmt::format("{} {} ORDER BY v.number", kColumns, kOfOne),
      .page = fmt::format("{} FROM definitions d INDEXED BY definitions_by_time {} "
                          "WHERE (d.created_at, d.creation_order) > (?, ?) "
                          "ORDER BY d.created_at, d.creation_order LIMIT ?",
                          kColumns, kNewest),
      .page_of_owner =
          fmt::format("{} FROM definitions d INDEXED BY definitions_by_owner_and_time {} "
                      "WHERE d.owner = ? AND (d.created_at, d.creation_order) > (?, ?) "
                      "ORDER BY d.created_at, d.creation_order LIMIT ?",
                      kColumns, kNewest)};
  return queries;
}

std::unique_ptr<DefinitionRepository> make_sqlite_definitions(std::shared_ptr<SqliteStore> store) {
  return std::make_unique<SqliteDefinitionRepository>(std::move(store));
}

}  // namespace trainyard::repository
