#include "api/shared_pieces.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <memory>

namespace trainyard::api {
namespace {

// A log that is there from the beginning.
class SharedPiecesTest : public ::testing::Test {
 protected:
  std::shared_ptr<const SharedPieces::Piece> at(std::uint64_t offset,
                                                LogForm form = LogForm::Bytes) {
    const LogPlace place{run_, logstore::Stream::Training, form, offset};
    return pieces_->at(place, [&](std::size_t most) {
      ++reads_;
      const auto text = log_.substr(std::min<std::size_t>(offset, log_.size()), most);
      return LogText{text, offset + text.size()};
    });
  }

  const model::RunId run_ = model::RunId::generate();
  std::string log_ = std::string(10'000, 'x');
  int reads_ = 0;
  std::unique_ptr<SharedPieces> pieces_ = std::make_unique<SharedPieces>(std::chrono::hours(1));
};

TEST_F(SharedPiecesTest, APieceIsMadeOnceForAll) {
  const auto first = at(0);
  EXPECT_EQ(first->end, 10'000u);
  EXPECT_LT(first->deflated.bytes.size(), 100u);
  log_ += "more";
  EXPECT_EQ(at(0), first);
  EXPECT_EQ(reads_, 1);
  EXPECT_EQ(at(10'000)->end, 10'004u);
  EXPECT_EQ(at(10'004), nullptr);
  log_ += "and more";
  EXPECT_EQ(at(10'004)->end, 10'012u);  // that there was nothing is not kept
}

TEST_F(SharedPiecesTest, WhoBeginsElsewhereGetsIntoStep) {
  at(0);
  log_ += std::string(1000, 'y');
  EXPECT_EQ(at(5'000)->end, 10'000u);
  const auto next = at(10'000);
  log_ += std::string(200'000, 'z');
  EXPECT_EQ(at(10'500)->end, next->end);
  EXPECT_EQ(at(11'000)->end, SharedPieces::kLongest);
  // One who comes from before a known piece stops where that begins.
  at(SharedPieces::kLongest + 500);
  EXPECT_EQ(at(SharedPieces::kLongest)->end, SharedPieces::kLongest + 500);
}

TEST_F(SharedPiecesTest, EventsAreNotCutWhereOthersBegin) {
  at(500, LogForm::Events);
  EXPECT_EQ(at(0, LogForm::Events)->end, 10'000u);
  EXPECT_EQ(at(0)->end, 10'000u);
  EXPECT_EQ(reads_, 3);
}

TEST_F(SharedPiecesTest, WhatWouldTakeTooLongIsStoredAndNotKept) {
  pieces_ = std::make_unique<SharedPieces>(std::chrono::milliseconds(0));
  const auto first = at(0);
  EXPECT_EQ(first->end, 10'000u);
  EXPECT_GT(first->deflated.bytes.size(), 10'000u);
  EXPECT_EQ(first->slice.length, 0u);
  EXPECT_NE(at(0), first);
}

TEST_F(SharedPiecesTest, KeepsWhatWasMadeLast) {
  std::string noise(8 * SharedPieces::kMostBytes, '\0');
  std::uint64_t state = 1;
  for (char& byte : noise)
    byte = static_cast<char>((state = state * 6364136223846793005u + 1) >> 56);
  log_ = noise;
  const auto first = at(0);
  std::uint64_t offset = first->end, last = 0;
  while (offset < log_.size()) {
    last = offset;
    offset = at(offset)->end;
  }
  const int reads = reads_;
  at(last);
  EXPECT_EQ(reads_, reads);
  EXPECT_NE(at(0), first);
  std::string stored(first->slice.length, '\0');
  EXPECT_EQ(pread(first->slice.file->get(), stored.data(), stored.size(), 0),
            static_cast<ssize_t>(stored.size()));
  EXPECT_NE(stored.find(noise.substr(0, 1000)), stored.npos);  // who has it may still send it
  EXPECT_EQ(reads_, reads + 1);
}

}  // namespace
}  // namespace trainyard::api
