#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "base/strings.hpp"
#include "cli/commands.hpp"
#include "cli/text_table.hpp"

namespace trainyard::cli {
namespace {

std::string holder_text(const wire::SlotView& slot) {
  if (slot.held_by.empty()) return slot.unavailable.empty() ? "free" : slot.unavailable;
  return slot.unavailable.empty() ? slot.held_by
                                  : fmt::format("{} ({})", slot.held_by, slot.unavailable);
}

// "4: 1 held, 2 free, 1 not usable"
std::string slots_text(const std::vector<wire::SlotView>& slots) {
  const auto held = std::ranges::count_if(slots, [](const auto& s) { return !s.held_by.empty(); });
  const auto broken = std::ranges::count_if(
      slots, [](const auto& s) { return s.held_by.empty() && !s.unavailable.empty(); });
  auto text = fmt::format("{}: {} held, {} free", slots.size(), held,
                          static_cast<long>(slots.size()) - held - broken);
  if (broken > 0) text += fmt::format(", {} not usable", broken);
  return text;
}

std::vector<Row> slot_rows(const wire::ServiceStatus& status) {
  std::vector<Row> rows = {{"SLOT", "WHAT", "MEMORY", "HELD BY"}};
  for (const auto& slot : status.slots) {
    rows.push_back({slot.id, slot.model,
                    slot.memory_bytes == 0 ? "-" : format_bytes(slot.memory_bytes),
                    holder_text(slot)});
  }
  return rows;
}

int as_trainyard(Session& session, const Arguments& arguments) {
  auto& out = session.context.out;
  const auto json = session.api().status_json();
  if (arguments.has(kJson.name)) {
    out << json << "\n";
    return kOk;
  }
  const auto status = wire::decode_status(json);
  std::vector<Row> rows = {
      {"service", fmt::format("trainyard {} at {}, since {}", status.version,
                              session.api().endpoint().url, format_seconds(status.started_at))}};
  if (!status.store_url.empty()) rows.push_back({"store", status.store_url});
  rows.push_back({"machine", fmt::format("{} cores, {} of memory", status.cores,
                                         format_bytes(status.memory_bytes))});
  rows.push_back({"slots", slots_text(status.slots)});
  if (!status.note.empty()) rows.push_back({"note", status.note});
  rows.push_back({"runs", fmt::format("{} active, {} waiting", status.active, status.queued)});
  out << text_table(rows) << "\n" << text_table(slot_rows(status));
  for (const auto& warning : status.warnings) out << "warning: " << warning << "\n";
  return kOk;
}

}  // namespace

Command trainyard_status() {
  return {.name = "status",
          .summary = "the service, its machine, and which runs hold it",
          .options = {kJson, kStateDir},
          .run = as_trainyard};
}

}  // namespace trainyard::cli
