#pragma once
// What is shown of a run at one version of it, made once: pages of the history are asked for again
// and again.
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/sync.hpp"
#include "model/run.hpp"

namespace trainyard::api {

// Thread-safe. Keeps what was asked for last, at most about `most_bytes` of text.
class RunTexts {
 public:
  using Text = std::shared_ptr<const std::string>;

  explicit RunTexts(std::size_t most_bytes) : half_(most_bytes / 2) {}

  // The text of the run at this version; null when it is not kept.
  Text find(const model::RunId& run, std::uint64_t version);
  void keep(const model::RunId& run, std::uint64_t version, Text text);

 private:
  struct Entry {
    std::uint64_t version = 0;
    Text text;
  };
  using Entries = std::unordered_map<model::RunId, Entry>;
  // When the young ones fill their half they become the old ones, and those go.
  struct Generations {
    Entries young, old;
    std::size_t young_bytes = 0;
  };
  void put(Generations& generations, const model::RunId& run, Entry entry) const;

  std::size_t half_;
  Sync<Generations> generations_;
};

}  // namespace trainyard::api
