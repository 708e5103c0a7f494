#pragma once
// Whole trees between a bucket and a directory: many objects at once, each verified, none missed.
//
// Keys become paths by the rule of objectstore/key_paths.hpp; a key that cannot be a path is placed
// beside it and named in the report, never outside the directory and never dropped.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "objectstore/object_store.hpp"

namespace trainyard::objectstore {

struct TransferProgress {  // a snapshot; the totals grow while the listing still runs
  std::uint64_t files_done = 0, files_total = 0;
  std::uint64_t bytes_done = 0, bytes_total = 0;
  std::uint64_t bytes_from_cache = 0;  // part of bytes_done
  bool listed = false;                 // the totals are final
  double bytes_per_second = 0;         // over the network, of the last seconds
  std::optional<Milliseconds> remaining;
  std::string limited_by;  // "network", "disk" or empty when not known yet
};

struct TransferOptions {
  unsigned connections = 16;                          // requests for bytes under way at most
  std::uint64_t memory_budget = 64u << 20;            // fewer connections when they would need more
  std::uint64_t free_floor = std::uint64_t(1) << 30;  // bytes left free on the disk, at least
  // A directory in which the transfers of this machine tell what they will still write, so that
  // together they leave that much free; empty: this one heeds nobody.
  std::filesystem::path reservations = {};
  // Called from one thread at a time, about every half second and once at the end.
  std::function<void(const TransferProgress&)> on_progress = {};
  // Lines for the load log, without line end; from one thread at a time.
  std::function<void(std::string_view)> on_log = {};
};

// A key or file that did not go where its name says, and why.
struct Remark {
  std::string name;    // key (download) or relative path (upload)
  std::string detail;  // "placed as a%2Fb: …", "skipped: a socket"
};

struct TreeReport {
  std::uint64_t files = 0;  // in the tree
  std::uint64_t bytes = 0;
  std::uint64_t transferred_files = 0;
  std::uint64_t transferred_bytes = 0;
  std::uint64_t failed_files = 0;  // of an upload: not stored; the remarks say why
  std::vector<Remark> remarks;
};

// "" stays ""; anything else ends in exactly one '/'.
std::string folder_prefix(std::string_view prefix);

// Every object below `prefix` (the part of the key after it becomes the path) into `directory`,
// which is created and must be empty. Lists all; fetches while it lists as long as that takes less
// than half of the space, and checks the space for all before the rest. Verifies each object
// (length, and checksum or MD5 where the store vouches for one), and at the end the count and the
// bytes against the listing. Throws Exhausted (no space), Conflict (an object was replaced
// meanwhile), Corrupt, or the store's error; the directory then holds no usable tree. Files have
// mode 0644, directories 0755, whatever the umask is.
TreeReport download_tree(ObjectStore& store, const std::string& prefix,
                         const std::filesystem::path& directory, const TransferOptions& options,
                         std::stop_token stop);

// Uploads a directory below a prefix, as often as asked, sending only what changed since: what this
// object or an earlier one (found by size and ETag in a listing of the prefix) has stored is left.
//
// Regular files go under prefix + relative path. A symbolic link is uploaded as the file that it
// names when that is a regular file inside the directory, also by a name of the directory itself
// (UploadRules); a link to anything else, sockets, pipes, devices and paths of more than 16 KiB are
// skipped and named. No name is followed out of the directory, also not when it is swapped while we
// look. Empty directories leave no trace. One thread at a time.
class TreeUploader {
 public:
  virtual ~TreeUploader() = default;
  // Uploads the files that have not changed for `quiet`, on few connections and without a word of
  // progress. A file that fails or changes while it is read is left for the next call and named in
  // the report; throws only Canceled.
  virtual TreeReport sync(Milliseconds quiet, std::stop_token stop) = 0;
  // Uploads everything that is not stored yet; of what sync() sent the bytes are compared, because
  // a file that is written through a memory map can look unchanged. Removes what sync() brought to
  // the store and is gone from the directory since (a temporary name, a checkpoint that made room
  // for the next); never an object that was there before, nor one that has another ETag by now than
  // what was sent: it is somebody else's. (Nothing tells one of the same bytes.) Throws the first
  // error when a file could not be stored, after trying all others unless the store is away: when a
  // file's retries are worn out and no other has been stored meanwhile, the rest waits for the next
  // call, which goes on where this one stood.
  virtual TreeReport finish(std::stop_token stop) = 0;
  // From now on the tree is in this open directory, which stands where the first one stood. What
  // was stored from there is known still, and removed by finish() when it is not in this one.
  virtual void move_to(Fd directory) = 0;
};
// The bytes of a file that came from the store.
struct KnownFile {
  std::string path;  // relative
  std::uint64_t size = 0;
  std::string checksum;  // of all of it
  bool operator==(const KnownFile&) const = default;
};
// Of all regular files below a directory; reads them. Throws as reading does, and Canceled.
std::vector<KnownFile> look_at_files(const std::filesystem::path& directory, std::stop_token stop);

struct UploadRules {
  // Not sent before their bytes change, whatever the store has in their place by now: somebody else
  // may have stored a newer one.
  std::vector<KnownFile> known = {};
  // Called before other bytes of a known file are sent: from then on it is known no more, whatever
  // becomes of them. From several threads at once; must not throw.
  std::function<void(const std::string& path)> on_replace = {};
  // First parts of paths below the prefix that belong to others; a file of such a path gets another
  // key, as the report says.
  std::vector<std::string> reserved = {};
  // Absolute paths of the directory, for links in it that name it: whoever made them may have seen
  // it at another place. The first is that from which their ".." leads out of it.
  std::vector<std::filesystem::path> names = {};
};
// `directory` is an open directory.
std::unique_ptr<TreeUploader> make_tree_uploader(ObjectStore& store, Fd directory,
                                                 std::string prefix, TransferOptions options,
                                                 UploadRules rules = {});
// Throws NotFound.
std::unique_ptr<TreeUploader> make_tree_uploader(ObjectStore& store,
                                                 std::filesystem::path directory,
                                                 std::string prefix, TransferOptions options,
                                                 UploadRules rules = {});

// One file, verified. Throws NotFound, Conflict (it changed while it was read), the store's error.
ObjectInfo upload_file(ObjectStore& store, const std::filesystem::path& file,
                       const std::string& key, std::stop_token stop);
ObjectInfo upload_bytes(ObjectStore& store, std::string bytes, const std::string& key,
                        std::stop_token stop);

}  // namespace trainyard::objectstore
