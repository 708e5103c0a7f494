#pragma once
// The records in one SQLite file. Every call that changes something returns when it is on disk;
// calls of many threads at once share a transaction and its fsync.
#include <filesystem>

#include "repository/repositories.hpp"
#include "repository/sealer.hpp"

namespace trainyard::repository {

// Opens or creates the file, brings its schema up to date and checks it. Throws Corrupt when the
// file is damaged, and Conflict when its secrets were sealed with another key or its schema is
// newer.
Repositories open_sqlite_repositories(const std::filesystem::path& path, Sealer sealer);

}  // namespace trainyard::repository
