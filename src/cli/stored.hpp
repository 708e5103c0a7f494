#pragma once
// What `bx ml` says of things that are stored: training definitions, experiments and their runs
// (wml-v3 f). Each prints its screen and returns an exit code; `words` are those after the verb.
#include <string>

#include "cli/command.hpp"

namespace trainyard::cli {

// For one verb, what it does with each kind of thing. A usage names the words after the kind.
struct StoredVerb {
  std::string_view kind;   // "experiments"
  std::string_view usage;  // "ID"
  std::function<int(Session&, const Arguments&)> run;
};
// nullptr when `arguments` begin with another kind. Throws InvalidInput with the usage when the
// words after the kind are too few or too many.
const StoredVerb* find_verb(std::string_view verb, const std::vector<StoredVerb>& verbs,
                            const Arguments& arguments);

const std::vector<StoredVerb>& list_verbs();
const std::vector<StoredVerb>& show_verbs();
const std::vector<StoredVerb>& delete_verbs();
const std::vector<StoredVerb>& cancel_verbs();

// "training-runs ID|experiments ID"
std::string usage_of(std::string_view first, const std::vector<StoredVerb>& verbs);

}  // namespace trainyard::cli
