#include "http/gzip_stream.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "http/testing.hpp"

namespace trainyard::http {
namespace {

std::string lines(int from, int to) {
  std::string text;
  for (int i = from; i < to; ++i) text += "step " + std::to_string(i) + " loss 0.1\n";
  return text;
}

std::string noise(std::size_t size) {
  std::mt19937 random(7);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

std::string stream_of(const std::vector<DeflatedPiece>& pieces) {
  GzipStream stream;
  std::string bytes(gzip_header());
  for (const auto& piece : pieces) {
    bytes += piece.bytes;
    stream.add(piece);
  }
  return bytes + stream.trailer();
}

TEST(GzipStream, PiecesInAnyOrderAreOneStream) {
  PieceDeflater deflater;
  const std::string a = lines(0, 2000), b = noise(200'000), c = lines(500, 501);
  const auto piece_a = deflater.deflate(a), piece_b = deflater.deflate(b);
  const auto piece_c = deflater.deflate(c), stored = stored_piece(b), none = stored_piece("");
  EXPECT_LT(piece_a.bytes.size(), a.size() / 4);
  EXPECT_LT(piece_b.bytes.size(), b.size() + 100);
  EXPECT_EQ(testing::gunzip(stream_of({piece_a, piece_b, piece_c})), a + b + c);
  EXPECT_EQ(testing::gunzip(stream_of({piece_c, stored, none, piece_a, piece_a})), c + b + a + a);
  EXPECT_EQ(testing::gunzip(stream_of({})), "");
}

TEST(GzipStream, WhatIsHereOfItCanBeReadAtEachPiece) {
  PieceDeflater deflater;
  const auto first = deflater.deflate(lines(0, 10));
  EXPECT_EQ(testing::gunzip(std::string(gzip_header()) + first.bytes, testing::Cut::Yes),
            lines(0, 10));
}

// Decoders that give out nothing between others (Go's) do it there.
TEST(GzipStream, EachPieceEndsWithAnEmptyStoredBlock) {
  PieceDeflater deflater;
  for (const std::string& text : {std::string("x"), lines(0, 1), lines(0, 9000), noise(70'000)}) {
    for (const auto& piece : {deflater.deflate(text), stored_piece(text)}) {
      EXPECT_TRUE(piece.bytes.ends_with(std::string_view("\0\0\xff\xff", 4)));
      EXPECT_LE(piece.bytes.size(), text.size() + text.size() / 1000 + 15);
    }
  }
}

TEST(GzipStream, ADamagedByteIsNoticed) {
  PieceDeflater deflater;
  auto piece = deflater.deflate(lines(0, 10));
  piece.crc ^= 1;
  EXPECT_THROW(testing::gunzip(stream_of({piece})), Error);
}

}  // namespace
}  // namespace trainyard::http
