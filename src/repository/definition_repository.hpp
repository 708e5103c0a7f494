#pragma once
// Training definitions (wml-v3 b.1): what the API keeps about an uploaded model definition. The zip
// itself is kept once by content hash (definition/definition_store.hpp). Thread-safe; each call is
// one transaction.
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "model/manifest.hpp"

namespace trainyard::repository {

struct TrainingDefinition {
  std::string id;          // uuid
  std::string version_id;  // uuid
  std::string owner;
  std::string name;
  std::string description;
  model::Framework framework;
  std::string command;     // may be empty
  std::string extra_json;  // other fields of the request as a JSON object, echoed back; "{}"
  // Its training_data_reference as JSON, with keys, for experiments that have none of their own
  // (wml-v3 d.4); empty: none.
  Secret data_reference;
  std::string content_sha256;  // hex; empty until the content was uploaded
  TimePoint created_at;
  bool operator==(const TrainingDefinition&) const = default;
};

struct DefinitionPage {
  std::vector<TrainingDefinition> definitions;  // by creation time ascending
  std::string next;
};

class DefinitionRepository {
 public:
  virtual ~DefinitionRepository() = default;
  virtual void create(const TrainingDefinition& definition) = 0;  // Conflict: the id exists
  virtual std::optional<TrainingDefinition> find(const std::string& id) = 0;
  // Empty owner: all. limit: at least 1. start_after: the cursor of DefinitionPage::next.
  virtual DefinitionPage list(const std::string& owner, std::size_t limit,
                              const std::string& start_after) = 0;
  virtual void set_content(const std::string& id, const std::string& sha256) = 0;  // NotFound
  virtual void remove(const std::string& id) = 0;                                  // NotFound
  // Hashes that a definition or an existing run refers to; others may be swept.
  virtual std::vector<std::string> used_contents() = 0;
};

}  // namespace trainyard::repository
