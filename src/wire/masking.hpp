#pragma once
// Which values of a JSON tree are secrets, and what answers show in their place. For src/wire only.
#include <map>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace trainyard::wire {

// The same tree with "***" for each secret: what stands under a name with secret, password, token
// or the like in it (docs/api.md has them all), whatever the connections of every age (wml-v3 d.1)
// and others call theirs; and the user and password of a URL. As deep as JsonObject lets a tree be.
nlohmann::json without_secrets(nlohmann::json tree);
// Whether one of them is what stands in its place there.
bool has_masked_secret(const nlohmann::json& tree);
// What of the data or results reference `tree` says where its keys are sent, and as what: all but
// the keys, what is chosen within the server (bucket, prefix, region), and its name.
nlohmann::json place_of(nlohmann::json tree);

// Holds the secrets of a tree while somebody changes it who may neither see nor move them.
class SetAside {
 public:
  explicit SetAside(nlohmann::json& tree);  // puts marks in their places, which nobody can guess
  // The name of one that is still in the tree; empty: none is.
  std::string name_of_one_in(const nlohmann::json& tree) const;
  void put_back(nlohmann::json& tree) const;

 private:
  void take(nlohmann::json& tree);
  const nlohmann::json* find(const nlohmann::json& mark) const;

  const std::string marks_begin_;
  std::map<std::string, nlohmann::json> secrets_;  // by mark
};

}  // namespace trainyard::wire
