#include "manifest/compute.hpp"

#include <fmt/format.h>

#include "base/strings.hpp"
#include "model/sizes.hpp"

namespace trainyard::manifest {
namespace {

constexpr std::string_view kDefaultSize = "k80";  // wml-v3 (d.2)

struct Numbers {
  std::optional<unsigned> gpus;
  Position gpus_at;
  std::string gpus_path;
  std::optional<unsigned> nodes;
  std::optional<double> cpus;
  std::optional<std::uint64_t> memory;
};

void read_numbers(const MappingReader& reader, std::string_view nodes_key, Numbers& into) {
  if (const auto gpus = reader.count("gpus")) {
    into.gpus = gpus;
    into.gpus_at = reader.at("gpus");
    into.gpus_path = reader.path("gpus");
  }
  if (const auto nodes = reader.count(nodes_key)) {
    into.nodes = nodes;
    if (*nodes == 0) {
      reader.problems().error(reader.at(nodes_key), reader.path(nodes_key),
                              "expected at least 1, found \"0\"");
    }
  }
  if (const auto cpus = reader.decimal("cpus")) into.cpus = cpus;
  if (const auto memory = reader.bytes("memory")) into.memory = memory;
}

model::Compute compute_of(const Numbers& numbers) {
  return {.size = "",
          .gpus = numbers.gpus.value_or(1),
          .nodes = numbers.nodes.value_or(1),
          .cpus = numbers.cpus,
          .memory_bytes = numbers.memory};
}

}  // namespace

model::Compute default_compute() {
  const auto size = model::find_size(kDefaultSize);
  model::Compute compute;
  compute.size = size->name;
  compute.gpus = size->gpus;
  return compute;
}

model::Compute read_compute(const MappingReader& execution) {
  Numbers numbers;
  read_numbers(execution, "nodes", numbers);
  std::string word;
  const auto* resource = execution.find("resource");
  if (resource != nullptr && resource->kind == Node::Kind::Scalar) {
    word = trim(resource->text);
  } else if (const auto section = execution.section("resource")) {
    word = trim(section->text("name"));
    read_numbers(*section, "nodes", numbers);
  }

  auto compute = compute_of(numbers);
  if (word.empty() && !numbers.gpus) word = kDefaultSize;
  const auto size = model::find_size(word);
  if (!size) return compute;  // numbers alone, or a word that was reported
  compute.size = size->name;
  compute.gpus = size->gpus;
  if (numbers.gpus && *numbers.gpus != size->gpus) {
    execution.problems().error(
        numbers.gpus_at, numbers.gpus_path,
        fmt::format("says {}, and the size {} has {}", *numbers.gpus, size->name, size->gpus),
        "keep one of the two");
  }
  return compute;
}

model::Compute read_ffdl_compute(const MappingReader& top) {
  Numbers numbers;
  read_numbers(top, "learners", numbers);
  if (!numbers.gpus) numbers.gpus = 0;
  return compute_of(numbers);
}

}  // namespace trainyard::manifest
