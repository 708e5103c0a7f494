#include <fmt/format.h>

#include "repository/columns.hpp"
#include "repository/record.hpp"
#include "repository/sqlite_store.hpp"

namespace trainyard::repository {
namespace {

constexpr std::string_view kSelect =
    "SELECT creation_order, id, version_id, owner, name, description, framework, "
    "framework_version, runtimes, command, extra_json, content_sha256, created_at, data_reference "
    "FROM definitions ";

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
  return result;
}

void insert_definition(db::Connection& connection, const TrainingDefinition& definition,
                       std::string_view sealed_reference) {
  db::Statement& insert = connection.prepare(
      "INSERT INTO definitions (id, version_id, owner, name, description, framework, "
      "framework_version, runtimes, command, extra_json, content_sha256, created_at, "
      "data_reference) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING");
  ParameterWriter(insert)
      .put(definition.id)
      .put(definition.version_id)
      .put(definition.owner)
      .put(definition.name)
      .put(definition.description)
      .put(definition.framework.name)
      .put(definition.framework.version)
      .put(runtime_lines(definition.framework))
      .put(definition.command)
      .put(definition.extra_json)
      .put(definition.content_sha256)
      .put(definition.created_at)
      .put_blob(sealed_reference);
  insert.run();
  if (connection.changes() == 0) throw_definition_exists(definition.id);
}

db::Statement& query_page(db::Connection& connection, const std::string& owner, std::size_t limit,
                          const DefinitionCursor& cursor) {
  static const std::string kAll = fmt::format(
      "{} INDEXED BY definitions_by_time WHERE (created_at, creation_order) > (?, ?) "
      "ORDER BY created_at, creation_order LIMIT ?",
      kSelect);
  static const std::string kOfOwner = fmt::format(
      "{} INDEXED BY definitions_by_owner_and_time WHERE owner = ? AND "
      "(created_at, creation_order) > (?, ?) ORDER BY created_at, creation_order LIMIT ?",
      kSelect);
  db::Statement& query = connection.prepare(owner.empty() ? kAll : kOfOwner);
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
    const std::string sealed =
        definition.data_reference.empty()
            ? ""
            : store_->sealer.seal(definition.data_reference, data_context(definition.id));
    store_->writer.run(
        [&](db::Connection& connection) { insert_definition(connection, definition, sealed); });
  }

  std::optional<TrainingDefinition> find(const std::string& id) override {
    static const std::string kFind = fmt::format("{} WHERE id = ?", kSelect);
    return store_->readers.run(
        [&](db::Connection& connection) -> std::optional<TrainingDefinition> {
          db::Statement& query = connection.prepare(kFind);
          query.bind(1, id);
          if (!query.step()) return std::nullopt;
          return read_definition(query, store_->sealer).definition;
        });
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

  void set_content(const std::string& id, const std::string& sha256) override {
    store_->writer.run([&](db::Connection& connection) {
      connection.prepare("UPDATE definitions SET content_sha256 = ? WHERE id = ?")
          .bind(1, sha256)
          .bind(2, id)
          .run();
      if (connection.changes() == 0) throw_no_definition(id);
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
          "SELECT content_sha256 FROM definitions WHERE content_sha256 != '' "
          "UNION SELECT definition_sha256 FROM runs WHERE definition_sha256 != ''");
      while (query.step()) used.push_back(query.text(0));
      return used;
    });
  }

 private:
  std::shared_ptr<SqliteStore> store_;
};

}  // namespace

std::unique_ptr<DefinitionRepository> make_sqlite_definitions(std::shared_ptr<SqliteStore> store) {
  return std::make_unique<SqliteDefinitionRepository>(std::move(store));
}

}  // namespace trainyard::repository
