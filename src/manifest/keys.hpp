#pragma once
// The one table of a manifest's keys. The reader, the JSON Schema and the sample are made from it.
// Sources: T4–T16; wml-v3 (d.1) for older spellings, (d.7) for FfDL; entries marked "ours" are not
// in either.
#include <string_view>
#include <vector>

namespace trainyard::manifest {

enum class Shape {
  Text,
  Private,  // text that no message repeats
  Command,  // text; may hold anything, also <…>
  Count,    // a whole number
  Decimal,
  Bytes,  // "16GB", "300MiB"
  Mapping,
  MappingOrText,  // the text stands for the member `name`
  MappingOrList,  // one mapping, or a list that holds exactly one
  List,
  Any,  // taken and not looked at
};

enum class Need {
  Required,
  RequiredInFile,  // a request may leave it to its training definition (wml-v3 section 0)
  Optional,
  MayBeAbsent,  // but not be there without a value
};

struct Section;

struct Key {
  std::string_view name;
  Shape shape = Shape::Text;
  Need need = Need::Optional;
  std::vector<std::string_view> aliases = {};
  std::string_view doc = {};  // a sentence for editors and the sample
  std::string_view sample =
      {};  // a value for the sample manifest; empty: the sample leaves the key out
  const Section* members = nullptr;            // of mappings, and of the items of a List
  std::vector<std::string_view> choices = {};  // words that fit; empty: any text
  std::size_t most_bytes = 100'000;            // a command becomes one argument: Linux has 128 KiB
};

struct Section {
  std::string_view name;  // of the definition in the JSON Schema
  std::vector<Key> keys;
  // The key that `word` is the name or an alias of; nullptr when there is none.
  const Key* find(std::string_view word) const;
};

const Section& run_manifest();  // what `bx ml train` takes
// Parts of it that other manifests have too.
const Section& author();
const Section& framework();
const Section& compute();
const Section& execution();
std::vector<std::string_view> size_names();
const Section& ffdl_manifest();  // what FfDL takes

}  // namespace trainyard::manifest
