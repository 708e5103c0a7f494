#include "learner/outcome_record.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "wire/learner.hpp"

namespace trainyard::learner {
namespace {

constexpr std::string_view kDurable = "durable";
constexpr std::uint64_t kLimit = 1 << 20;

}  // namespace

// "<boot id, or durable>\n<the event as JSON>\n"; whole or absent, by a rename.
void OutcomeRecord::save(const model::Finished& outcome) const noexcept {
  try {
    const fs::path fresh = file_.native() + ".new";
    write_all(open_file(fresh, O_WRONLY | O_CREAT | O_TRUNC, 0600),
              boot_ + "\n" + wire::encode(model::Event(outcome)) + "\n");
    fs::rename(fresh, file_);
  } catch (const std::exception& e) {
    log::warn("the outcome is only in memory: {}", e.what());
  }
}

void OutcomeRecord::make_durable() const noexcept {
  try {
    const auto event = event_text();
    if (!event) return;
    const Fd directory = open_file(file_.parent_path(), O_RDONLY | O_DIRECTORY);
    if (::syncfs(directory.get()) != 0) throw_errno("sync " + file_.parent_path().string());
    write_file_atomic(file_, std::string(kDurable) + "\n" + *event);
  } catch (const std::exception& e) {
    log::warn("the outcome would not survive a power failure: {}", e.what());
  }
}

std::optional<model::Finished> OutcomeRecord::load() const {
  if (!fs::exists(file_)) return std::nullopt;
  try {
    const std::string text = read_file(file_, kLimit);
    const std::string written = text.substr(0, text.find('\n'));
    const auto event = event_text();
    if (!event || (written != boot_ && written != kDurable)) return std::nullopt;
    return std::get<model::Finished>(wire::decode_event(*event));
  } catch (const std::exception& e) {
    log::warn("the record of the outcome cannot be read: {}", e.what());
    return std::nullopt;
  }
}

void OutcomeRecord::remove() const { fs::remove(file_); }

std::optional<std::string> OutcomeRecord::event_text() const {
  if (!fs::exists(file_)) return std::nullopt;
  const std::string text = read_file(file_, kLimit);
  const auto end = text.find('\n');
  return end == std::string::npos ? std::nullopt : std::optional(text.substr(end + 1));
}

}  // namespace trainyard::learner
