#include "manifest/asset_keys.hpp"

#include "manifest/store_keys.hpp"
#include "model/limits.hpp"

namespace trainyard::manifest {
namespace {

using enum Need;
using enum Shape;

const Section& settings() {
  static const Section section{
      "settings",
      {
          {.name = "name",
           .need = Required,
           .doc = "Any text; helps you to recognise the experiment.",
           .sample = "my-experiment",
           .most_bytes = model::kMostNameBytes},
          {.name = "description", .doc = "Any text.", .sample = "What it is to find out"},
          {.name = "author",
           .shape = MappingOrText,
           .doc = "Who designed it.",
           .members = &author()},
          {.name = "label_column", .doc = "Not looked at."},
          {.name = "evaluation_definition", .shape = Mapping, .doc = "How its runs compare."},
      }};
  return section;
}

const Section& training_reference() {
  static const Section section{
      "training_reference",
      {
          {.name = "name",
           .doc = "Any text; the name of the training run.",
           .sample = "model-1",
           .most_bytes = model::kMostNameBytes},
          {.name = "training_definition_url",
           .need = Required,
           .doc = "The URL that `bx ml show training-definitions` prints.",
           .sample = "<training-definition-url>"},
          {.name = "command",
           .shape = Command,
           .doc = "In place of the command of the training definition."},
          {.name = "compute_configuration",
           .shape = MappingOrText,
           .aliases = {"resource"},
           .doc = "How much machine: small is 1 GPU, medium 2, large 4.",
           .sample = "{name: small}",
           .members = &compute(),
           .choices = size_names()},
          {.name = "hyper_parameters_optimization",
           .shape = Any,
           .doc = "Not offered: write one reference for each set of parameters."},
          {.name = "pretrained_model_url", .shape = Any, .doc = "Not offered."},
      }};
  return section;
}

}  // namespace

const Section& definition_manifest() {
  static const Section section{
      "definition_manifest",
      {
          {.name = "name",
           .need = Required,
           .doc = "Any text; helps you to recognise the training definition.",
           .sample = "my-training-definition",
           .most_bytes = model::kMostNameBytes},
          {.name = "description", .doc = "Any text.", .sample = "What it trains"},
          {.name = "author",
           .shape = MappingOrText,
           .doc = "Who wrote the model.",
           .members = &author()},
          {.name = "framework",
           .shape = Mapping,
           .need = Required,
           .doc = "What the model is written in.",
           .sample = "{}",
           .members = &framework()},
          {.name = "command",
           .shape = Command,
           .doc = "The main program of the zip and its arguments, for runs that name none.",
           .sample = "python3 main.py --data ${DATA_DIR} --out ${RESULT_DIR}"},
          {.name = "execution",
           .shape = Mapping,
           .doc = "The older place of the command.",
           .members = &execution()},
          {.name = "training_data_reference",
           .shape = MappingOrList,
           .aliases = {"training_data"},
           .doc = "The bucket with the training data, for experiments that name none.",
           .members = &data_reference()},
          {.name = "tags", .shape = Any, .doc = "Not looked at."},
      }};
  return section;
}

const Section& experiment_manifest() {
  static const Section section{
      "experiment_manifest",
      {
          {.name = "settings",
           .shape = Mapping,
           .need = Required,
           .doc = "The experiment as a whole.",
           .sample = "{}",
           .members = &settings()},
          {.name = "tags", .shape = Any, .doc = "Not looked at."},
          {.name = "training_references",
           .shape = List,
           .need = Required,
           .doc = "The training runs that it consists of.",
           .sample = "[]",
           .members = &training_reference()},
          data_reference_key(
              Optional,
              "The bucket with the training data; absent: that of the training definitions."),
          results_reference_key(),
      }};
  return section;
}

}  // namespace trainyard::manifest
