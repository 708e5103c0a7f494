#pragma once
// The files that CHECKPOINT_DIR held when the command began. What the run did not change is not
// stored again: by then others may have stored newer ones. That ends for a file when the run stores
// another in its place. Kept beside the run's directories, for the learner that stores may be
// another than the one that loaded.
#include <string>
#include <vector>

#include "learner/layout.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::learner {

void save_checkpoint_record(const Layout& layout, const std::vector<objectstore::KnownFile>& files);
// Takes one of the saved files out of the record. Thread-safe; what fails is logged.
void note_replaced_checkpoint(const Layout& layout, const std::string& path);
// None when there is no record, or it cannot be read, which is logged.
std::vector<objectstore::KnownFile> load_checkpoint_record(const Layout& layout);

}  // namespace trainyard::learner
