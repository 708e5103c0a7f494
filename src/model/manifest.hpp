#pragma once
// What a training run is made of, after every alias and older spelling was resolved (T4–T16,
// wml-v3 d.1, d.2, d.7). Pure data.
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/secret.hpp"

namespace trainyard::model {

struct Author {
  std::string name;
  std::string email;
  bool empty() const { return name.empty() && email.empty(); }
  bool operator==(const Author&) const = default;
};

struct RuntimeName {  // model_definition.framework.runtimes, e.g. python 3.5
  std::string name;
  std::string version;
  bool operator==(const RuntimeName&) const = default;
};

struct Framework {
  std::string name;
  std::string version;  // the text of the manifest: "1.10" is not "1.1"
  std::vector<RuntimeName> runtimes;
  bool operator==(const Framework&) const = default;
};

// How much machine a run asks for. `size` is the word of the manifest ("small", "k80x2") or empty
// when only numbers were given. gpus is the number of slots; 0 (FfDL only) takes one slot.
struct Compute {
  std::string size;
  unsigned gpus = 1;
  unsigned nodes = 1;
  std::optional<double> cpus;
  std::optional<std::uint64_t> memory_bytes;
  unsigned slots() const { return gpus == 0 ? 1 : gpus; }
  bool operator==(const Compute&) const = default;
};

struct S3Connection {
  std::string endpoint_url;  // always with a scheme
  std::string access_key_id;
  Secret secret_access_key;
  std::string region;  // empty: found out
  bool operator==(const S3Connection&) const = default;
};

struct SwiftConnection {  // bluemix_objectstore (T14)
  std::string auth_url;
  std::string user_name;
  Secret password;
  std::string region;
  std::string domain_name;
  std::string project_id;
  bool operator==(const SwiftConnection&) const = default;
};

struct StoreReference {
  std::string label;  // optional `name` of the section
  std::variant<S3Connection, SwiftConnection> connection;
  std::string bucket;
  std::string prefix;  // ours: only keys below it; empty: the whole bucket (T16)
  // "s3" or "bluemix_objectstore" (T10)
  std::string_view type() const {
    return std::holds_alternative<S3Connection>(connection) ? "s3" : "bluemix_objectstore";
  }
  bool operator==(const StoreReference&) const = default;
};

struct Manifest {
  std::string name;                 // T4
  std::string description;          // T5
  Author author;                    // T6
  Framework framework;              // T7
  std::string command;              // T8, as written (may hold newlines)
  Compute compute;                  // T9
  std::string definition_href;      // empty in a file; set in a request to start a run
  std::string definition_version;   // guid of the version that a run is made from; set with it
  StoreReference training_data;     // T10
  StoreReference training_results;  // T11
  bool operator==(const Manifest&) const = default;
};

}  // namespace trainyard::model
