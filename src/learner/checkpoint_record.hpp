#pragma once
// The files that CHECKPOINT_DIR held when the command began. What the run did not change is not
// stored again: by then others may have stored newer ones. Kept beside the run's directories, for
// the learner that stores may be another than the one that loaded.
#include <vector>

#include "learner/layout.hpp"
#include "objectstore/transfer.hpp"

namespace trainyard::learner {

void save_checkpoint_record(const Layout& layout, const std::vector<objectstore::KnownFile>& files);
// None when there is no record, or it cannot be read, which is logged.
std::vector<objectstore::KnownFile> load_checkpoint_record(const Layout& layout);

}  // namespace trainyard::learner
