#pragma once
// What `bx ml` commands are about: training runs, under the two names that they had.
#include <string>
#include <string_view>

#include "cli/command.hpp"

namespace trainyard::cli {

struct Subject {
  bool older = false;         // trained-models, of 2017
  std::string_view word;      // "training-runs"
  std::string_view plural;    // "training runs"
  std::string_view singular;  // "training run"
};

// Throws InvalidInput for a word that names neither.
Subject subject_of(const std::string& word);
// Throws InvalidInput unless the words are such a subject and one id.
void check_one_id(const Arguments& arguments);

}  // namespace trainyard::cli
