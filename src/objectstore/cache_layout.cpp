#include "objectstore/cache_layout.hpp"

#include <fcntl.h>

#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "base/process.hpp"
#include "base/strings.hpp"
#include "objectstore/file_ops.hpp"
#include "objectstore/lease.hpp"
#include "objectstore/workspace.hpp"

namespace trainyard::objectstore {
namespace {

void make_directories(const CacheLayout& layout) {
  make_private_dir(layout.root);
  for (const fs::path& path : {layout.objects(), layout.partials(), layout.trees(), layout.leases(),
                               layout.durables(), layout.work()}) {
    make_directory(path, 0700);
  }
}

std::string recorded_boot(const CacheLayout& layout) {
  if (!fs::exists(layout.boot())) return {};
  return std::string(trim(read_file(layout.boot(), 4096)));
}

// Nobody who used the cache before the start lives: no locks to heed but that of opening.
void drop_what_is_not_durable(const CacheLayout& layout) {
  for (const fs::path& tree : entries(layout.trees())) {
    if (!fs::exists(layout.durable(tree.filename()))) remove_tree(tree);
  }
  for (const fs::path& mark : entries(layout.durables())) {
    if (!fs::exists(layout.tree(mark.filename()))) unlink_file(mark);
  }
  for (const fs::path& readers : entries(layout.readers())) {
    if (!fs::exists(layout.tree(readers.filename()))) unlink_file(readers);
  }
  for (const fs::path& work : entries(layout.work())) remove_tree(work);
  for (const fs::path& partial : entries(layout.partials())) unlink_file(partial);
  for (const fs::path& shard : entries(layout.objects())) {
    for (const fs::path& object : entries(shard)) {
      if (fs::hard_link_count(object) == 1) unlink_file(object);
    }
  }
}

}  // namespace

void prepare_cache(const CacheLayout& layout) {
  const std::string boot = boot_id();
  if (fs::exists(layout.root) && recorded_boot(layout) == boot) {
    remove_stale_workspaces(layout);
    return;
  }
  make_private_dir(layout.root);
  const Lease opening = Lease::take(layout.opening());
  if (recorded_boot(layout) == boot) return;
  if (fs::exists(layout.objects())) {
    log::info("the machine was started anew: checking the data cache in {}", layout.root.string());
    drop_what_is_not_durable(layout);
  }
  make_directories(layout);
  // Not synced: what a power failure leaves of it is not the next boot's id either.
  write_all(open_file(layout.boot(), O_WRONLY | O_CREAT | O_TRUNC, 0600), boot);
}

}  // namespace trainyard::objectstore
