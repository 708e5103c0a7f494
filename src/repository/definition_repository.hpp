#pragma once
// Training definitions (wml-v3 b.1): what the API keeps about an uploaded model definition. The zip
// itself is kept once by content hash (definition/definition_store.hpp). A definition has one
// version or more: the newest is the one that is meant where none is named; the others stay as they
// were, for what names them. Thread-safe; each call is one transaction.
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "model/manifest.hpp"

namespace trainyard::repository {

struct TrainingDefinition {  // in one of its versions
  std::string id;            // uuid
  std::string version_id;    // uuid
  std::string owner;         // of all versions
  std::string name;
  std::string description;
  model::Framework framework;
  std::string command;     // may be empty
  std::string extra_json;  // other fields of the request as a JSON object, echoed back; "{}"
  // Its training_data_reference as JSON, with keys, for experiments that have none of their own
  // (wml-v3 d.4); empty: none.
  Secret data_reference;
  std::string content_sha256;  // hex; empty until the content was uploaded
  TimePoint created_at;        // of the first version
  TimePoint modified_at;       // of this one
  bool operator==(const TrainingDefinition&) const = default;
};

struct DefinitionPage {
  std::vector<TrainingDefinition> definitions;  // their newest versions; by creation time ascending
  std::string next;
};

inline constexpr std::size_t kMaxVersions = 50;  // of one definition

class DefinitionRepository {
 public:
  virtual ~DefinitionRepository() = default;
  virtual void create(const TrainingDefinition& definition) = 0;  // Conflict: the id exists
  // What `definition` says becomes the newest version of the one with its id, whose owner and
  // creation time stay. NotFound; Conflict past kMaxVersions.
  virtual void add_version(const TrainingDefinition& definition) = 0;
  // The newest version, or the one that is named.
  virtual std::optional<TrainingDefinition> find(const std::string& id) = 0;
  virtual std::optional<TrainingDefinition> find(const std::string& id,
                                                 const std::string& version_id) = 0;
  // The oldest first; none of an unknown definition.
  virtual std::vector<TrainingDefinition> versions(const std::string& id) = 0;
  // Empty owner: all. limit: at least 1. start_after: the cursor of DefinitionPage::next.
  virtual DefinitionPage list(const std::string& owner, std::size_t limit,
                              const std::string& start_after) = 0;
  // Once: the same again is fine, another is a Conflict. NotFound.
  virtual void set_content(const std::string& id, const std::string& version_id,
                           const std::string& sha256) = 0;
  virtual void remove(const std::string& id) = 0;  // with all versions; NotFound
  // Hashes that a version or an existing run refers to; others may be swept.
  virtual std::vector<std::string> used_contents() = 0;
};

}  // namespace trainyard::repository
