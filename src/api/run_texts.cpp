#include "api/run_texts.hpp"

#include <utility>

namespace trainyard::api {
namespace {

constexpr std::size_t kEntryBytes = 200;  // beside the text

}  // namespace

RunTexts::Text RunTexts::find(const model::RunId& run, std::uint64_t version) {
  auto generations = generations_.lock();
  if (const auto found = generations->young.find(run); found != generations->young.end()) {
    return found->second.version == version ? found->second.text : nullptr;
  }
  auto moved = generations->old.extract(run);
  if (!moved || moved.mapped().version != version) return nullptr;
  const Text text = moved.mapped().text;
  put(*generations, run, std::move(moved.mapped()));
  return text;
}

void RunTexts::keep(const model::RunId& run, std::uint64_t version, Text text) {
  auto generations = generations_.lock();
  put(*generations, run, {version, std::move(text)});
}

void RunTexts::put(Generations& generations, const model::RunId& run, Entry entry) const {
  const std::size_t bytes = kEntryBytes + entry.text->size();
  if (bytes > half_) return;
  if (generations.young_bytes + bytes > half_) {
    generations.old = std::exchange(generations.young, {});
    generations.young_bytes = 0;
  }
  generations.young_bytes += bytes;
  generations.young[run] = std::move(entry);
}

}  // namespace trainyard::api
