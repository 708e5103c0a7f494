#include "manifest/keys.hpp"

#include <algorithm>

#include "manifest/store_keys.hpp"
#include "model/limits.hpp"
#include "model/sizes.hpp"

namespace trainyard::manifest {
namespace {

using enum Need;
using enum Shape;

const Section& named_version() {
  static const Section section{"named_version",
                               {
                                   {.name = "name", .doc = "For example python."},
                                   {.name = "version", .doc = "Kept as written: 3.10 is not 3.1."},
                               }};
  return section;
}

const Section& model_definition() {
  static const Section section{
      "model_definition",
      {
          {.name = "name",
           .doc = "Any text; helps you to recognise the run.",
           .sample = "my-model",
           .most_bytes = model::kMostNameBytes},
          {.name = "description", .doc = "Any text.", .sample = "What this run is for"},
          {.name = "author",
           .shape = MappingOrText,
           .doc = "Who wrote the model.",
           .members = &author()},
          {.name = "framework",
           .shape = Mapping,
           .need = RequiredInFile,
           .doc = "What the model is written in.",
           .sample = "{}",
           .members = &framework()},
          {.name = "execution",
           .shape = Mapping,
           .need = RequiredInFile,
           .doc = "How the model is trained.",
           .sample = "{}",
           .members = &execution()},
          {.name = "definition_href",
           .aliases = {"definition_location"},
           .doc = "In API requests: the URL of the training definition."},
      }};
  return section;
}

const Section& ffdl_framework() {
  static const Section section{
      "ffdl_framework",
      {
          {.name = "name",
           .need = Required,
           .doc = "The framework's name, or custom for an image."},
          {.name = "version", .need = Required, .doc = "Its version, or the image's tag."},
          {.name = "command",
           .shape = Command,
           .need = Required,
           .doc = "The main program of the zip and its arguments."},
      }};
  return section;
}

bool is(const Key& key, std::string_view word) {
  return key.name == word ||
         std::find(key.aliases.begin(), key.aliases.end(), word) != key.aliases.end();
}

}  // namespace

std::vector<std::string_view> size_names() {
  std::vector<std::string_view> names;
  for (const auto& size : model::sizes()) names.push_back(size.name);
  return names;
}

const Section& author() {
  static const Section section{
      "author",
      {
          {.name = "name", .doc = "The author's name.", .sample = "WML User"},
          {.name = "email", .doc = "The author's address.", .sample = "wmluser@example.com"},
      }};
  return section;
}

const Section& framework() {
  static const Section section{
      "framework",
      {
          {.name = "name",
           .need = RequiredInFile,
           .doc = "One of the frameworks that `bx ml list frameworks` shows.",
           .sample = "tensorflow"},
          {.name = "version",
           .need = RequiredInFile,
           .doc = "A version of it, or an alias such as latest. Kept as written: 1.10 is not 1.1.",
           .sample = "latest"},
          {.name = "runtimes",
           .shape = MappingOrList,
           .doc = "The language to run it in, for example python 3.11; chosen for you when absent.",
           .members = &named_version()},
      }};
  return section;
}

const Section& compute() {
  static const Section section{
      "compute",
      {
          {.name = "name", .doc = "A size.", .choices = size_names()},
          {.name = "nodes",
           .shape = Count,
           .aliases = {"learners"},
           .doc = "Machines; 1 when absent."},
          {.name = "gpus", .shape = Count, .doc = "GPUs, in place of a size."},
          {.name = "cpus", .shape = Decimal, .doc = "Processor cores."},
          {.name = "memory",
           .shape = Bytes,
           .aliases = {"memory_bytes"},
           .doc = "Main memory, for example 16GB."},
      }};
  return section;
}

const Section& execution() {
  static const Section section{
      "execution",
      {
          {.name = "command",
           .shape = Command,
           .need = RequiredInFile,
           .doc =
               "The main program of the zip and its arguments, run by a shell. Files of the data "
               "bucket stand under ${DATA_DIR}; what is written to ${RESULT_DIR} is kept.",
           .sample = "python3 main.py --data ${DATA_DIR} --out ${RESULT_DIR}"},
          {.name = "resource",
           .shape = MappingOrText,
           .aliases = {"compute_configuration", "resourceType", "computer_configuration"},
           .doc = "How much machine: small is 1 GPU, medium 2, large 4.",
           .sample = "small",
           .members = &compute(),
           .choices = size_names()},
          {.name = "gpus", .shape = Count, .doc = "GPUs, in place of a size."},
          {.name = "nodes", .shape = Count, .doc = "Machines; 1 when absent."},
          {.name = "cpus", .shape = Decimal, .doc = "Processor cores."},
          {.name = "memory", .shape = Bytes, .doc = "Main memory, for example 16GB."},
      }};
  return section;
}

const Key* Section::find(std::string_view word) const {
  const auto found =
      std::find_if(keys.begin(), keys.end(), [&](const Key& key) { return is(key, word); });
  return found == keys.end() ? nullptr : &*found;
}

const Section& run_manifest() {
  static const Section section{
      "run_manifest",
      {
          {.name = "model_definition",
           .shape = Mapping,
           .need = Required,
           .doc = "The model and how to train it.",
           .sample = "{}",
           .members = &model_definition()},
          data_reference_key(
              Required,
              "The bucket with the training data; every object of it is brought to the run."),
          results_reference_key(),
      }};
  return section;
}

const Section& ffdl_manifest() {
  static const Section section{
      "ffdl_manifest",
      {
          {.name = "name",
           .doc = "Any text; helps you to recognise the run.",
           .most_bytes = model::kMostNameBytes},
          {.name = "description", .doc = "Any text."},
          {.name = "version", .doc = "The manifest's version; not looked at."},
          {.name = "learners", .shape = Count, .doc = "Machines; 1 when absent."},
          {.name = "gpus", .shape = Count, .doc = "GPUs of each learner; 0 takes one slot."},
          {.name = "cpus", .shape = Decimal, .doc = "Processor cores of each learner."},
          {.name = "memory",
           .shape = Bytes,
           .doc = "Main memory of each learner, for example 1Gb."},
          {.name = "gpu_type", .doc = "Not looked at."},
          {.name = "data_stores",
           .shape = List,
           .need = Required,
           .doc = "The object stores of training data and results.",
           .members = &ffdl_store()},
          {.name = "framework",
           .shape = Mapping,
           .need = Required,
           .doc = "What the model is written in and how it is trained.",
           .members = &ffdl_framework()},
          {.name = "evaluation_metrics", .shape = Any, .doc = "Where the program leaves metrics."},
      }};
  return section;
}

}  // namespace trainyard::manifest
