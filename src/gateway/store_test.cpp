// Blobs, their removal, and the pieces that objects consist of.
#include "gateway/store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "base/error.hpp"
#include "base/files.hpp"

namespace trainyard::gateway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string content(const BlobStore& blobs, const std::string& name) {
  return read_file(blobs.path_of(name));
}

std::string write_blob(BlobStore& blobs, std::string_view bytes) {
  BlobWriter writer = blobs.create();
  writer.write(bytes);
  writer.sync();
  writer.keep();
  return writer.name();
}

TEST(BlobStore, LeavesRoomOnTheDiskForTheRestOfTheService) {
  const TempDir dir;
  BlobStore blobs(dir.path(), UINT64_MAX);
  try {
    blobs.create();
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Exhausted);
  }
}

TEST(Blobs, AreKeptOnlyOnWord) {
  TempDir dir;
  BlobStore blobs(dir.path());
  const std::string kept = write_blob(blobs, "hello");
  std::string dropped;
  {
    BlobWriter writer = blobs.create();
    writer.write("bye");
    writer.sync();
    dropped = writer.name();
    EXPECT_EQ(content(blobs, dropped), "bye");
  }
  EXPECT_EQ(content(blobs, kept), "hello");
  EXPECT_FALSE(fs::exists(blobs.path_of(dropped)));
}

TEST(Blobs, DuplicateOutlivesTheOriginal) {
  TempDir dir;
  BlobStore blobs(dir.path());
  const std::string first = write_blob(blobs, "hello");
  BlobWriter second = blobs.duplicate(first);
  second.keep();
  blobs.remove(first);
  EXPECT_EQ(content(blobs, second.name()), "hello");
  EXPECT_THROW(blobs.duplicate(first), Error);
}

TEST(Blobs, SweepRemovesWhatAnEarlierProcessLeft) {
  TempDir dir;
  std::string used, left;
  {
    BlobStore earlier(dir.path());
    used = write_blob(earlier, "used");
    left = write_blob(earlier, "left");
  }
  BlobStore blobs(dir.path());
  const std::string own = write_blob(blobs, "being written");
  const auto removed = blobs.sweep(
      [&](const std::string& shard) { return used.starts_with(shard) ? Blobs{used} : Blobs{}; },
      {});
  EXPECT_EQ(removed, 1u);
  EXPECT_TRUE(fs::exists(blobs.path_of(used)));
  EXPECT_FALSE(fs::exists(blobs.path_of(left)));
  EXPECT_TRUE(fs::exists(blobs.path_of(own)));
}

struct Removed {
  std::vector<std::string> names;
  Graveyard graveyard{[this](const std::string& name) { names.push_back(name); }};
};

TEST(Graveyard, RemovesAtOnceWhenNobodyReads) {
  Removed removed;
  removed.graveyard.bury({"a", "b"});
  EXPECT_THAT(removed.names, ElementsAre("a", "b"));
}

TEST(Graveyard, WaitsForWhoMayHaveSeenTheBlob) {
  Removed removed;
  auto first = std::make_optional(removed.graveyard.visit());
  removed.graveyard.bury({"a"});
  auto second = std::make_optional(removed.graveyard.visit());
  removed.graveyard.bury({"b"});
  EXPECT_THAT(removed.names, IsEmpty());
  first.reset();  // the second came when "a" was gone from the index
  EXPECT_THAT(removed.names, ElementsAre("a"));
  second.reset();
  EXPECT_THAT(removed.names, ElementsAre("a", "b"));
}

class StoreTest : public testing::Test {
 protected:
  // Commits `bytes` as the piece `number` of `content`, at `start`.
  void put(std::int64_t content, int number, std::uint64_t start, const std::string& bytes) {
    PieceWriter writer(store, bytes.size());
    writer.write(bytes);
    NewPiece piece = writer.finish();
    piece.piece.number = number;
    piece.piece.start = start;
    store.index.write([&](db::Connection& db) { put_piece(db, content, piece.piece); });
    piece.keep();
  }
  std::string read(std::int64_t content, ByteRange range) {
    auto visit = std::make_shared<Graveyard::Visit>(store.graveyard.visit());
    auto slices = store.index.read(
        [&](db::Connection& db) { return slices_of(db, content, pieces_of(db, content), range); });
    SliceReader reader(store, std::move(slices), visit);
    std::string out;
    for (std::string bytes = reader.next(); !bytes.empty(); bytes = reader.next()) out += bytes;
    return out;
  }

  TempDir dir;
  Store store{dir.path() / "store"};
};

TEST_F(StoreTest, SmallPiecesLiveInTheIndexAndLargeOnesInABlob) {
  PieceWriter small(store, kInlineBytes), large(store, kInlineBytes + 1);
  EXPECT_EQ(small.finish().piece.blob, "");
  const NewPiece piece = large.finish();
  EXPECT_TRUE(fs::exists(store.blobs.path_of(piece.piece.blob)));
}

TEST_F(StoreTest, ReadsAnyRangeOfSeveralPieces) {
  const std::string a(300'000, 'a'), b(10'000, 'b'), c(100, 'c');
  const std::string all = a + b + c;
  put(7, 1, 0, a);
  put(7, 2, a.size(), b);
  put(7, 5, a.size() + b.size(), c);
  const ByteRange ranges[] = {
      {0, all.size()},   {0, 1},       {299'999, 2},      {310'000, 100}, {309'999, 2},
      {300'000, 10'000}, {310'099, 1}, {150'000, 160'000}};
  for (const ByteRange& range : ranges) {
    EXPECT_EQ(read(7, range), all.substr(range.offset, range.length))
        << range.offset << '+' << range.length;
  }
}

TEST_F(StoreTest, ReaderGoesOnWhenTheObjectIsRemoved) {
  const std::string a(300'000, 'a'), b(300'000, 'b');
  put(7, 1, 0, a);
  put(7, 2, a.size(), b);
  auto visit = std::make_shared<Graveyard::Visit>(store.graveyard.visit());
  auto slices = store.index.read([&](db::Connection& db) {
    return slices_of(db, 7, pieces_of(db, 7), {0, 600'000});
  });
  Blobs freed;
  store.index.write([&](db::Connection& db) { freed = remove_pieces(db, 7); });
  store.graveyard.bury(freed);
  ASSERT_EQ(freed.size(), 2u);
  {
    SliceReader reader(store, std::move(slices), std::move(visit));
    std::string out;
    for (std::string bytes = reader.next(); !bytes.empty(); bytes = reader.next()) out += bytes;
    EXPECT_EQ(out, a + b);
  }
  EXPECT_FALSE(fs::exists(store.blobs.path_of(freed[0])));
  EXPECT_FALSE(fs::exists(store.blobs.path_of(freed[1])));
}

TEST_F(StoreTest, NoticesABlobThatIsTooShort) {
  put(7, 1, 0, std::string(10'000, 'a'));
  const std::string blob =
      store.index.read([](db::Connection& db) { return pieces_of(db, 7).front().blob; });
  ASSERT_EQ(::truncate(store.blobs.path_of(blob).c_str(), 5000), 0);
  try {
    read(7, {0, 10'000});
    FAIL() << "a short blob was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
  }
}

TEST_F(StoreTest, HasOneOwnerAtATime) {
  try {
    Store second(dir.path() / "store");
    FAIL() << "two owners";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Conflict);
  }
}

TEST(Store, RemovesTheBlobsOfUnfinishedWritesWhenItOpens) {
  TempDir dir;
  fs::path kept, left;
  {
    Store store(dir.path());
    kept = store.blobs.path_of(write_blob(store.blobs, "kept"));
    left = store.blobs.path_of(write_blob(store.blobs, "left"));
    Piece piece;
    piece.size = 4;
    piece.blob = kept.filename();
    store.index.write([&](db::Connection& db) { put_piece(db, 1, piece); });
  }
  Store store(dir.path());
  store.sweeper.join();
  EXPECT_TRUE(fs::exists(kept));
  EXPECT_FALSE(fs::exists(left));
}

}  // namespace
}  // namespace trainyard::gateway
