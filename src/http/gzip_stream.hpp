#pragma once
// A gzip stream (RFC 1952) that is put together out of pieces, each compressed once for everybody
// who gets it.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace trainyard::http {

// Some text as blocks of a deflate stream (RFC 1951) that end on a byte and refer to nothing before
// them: any pieces in a row are such a stream. Unless the text is empty, the last is an empty
// stored block (00 00 ff ff), at which also those give out what they have who else wait for 32 KiB
// (Go).
struct DeflatedPiece {
  std::string bytes;
  std::uint32_t crc = 0;     // CRC-32 of the text
  std::uint64_t length = 0;  // of the text
};

// Holds 270 KB, to be used again and again. Not thread-safe.
class PieceDeflater {
 public:
  PieceDeflater();  // throws Exhausted
  ~PieceDeflater();
  // At most some ten bytes longer than the text.
  DeflatedPiece deflate(std::string_view text);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};
// As it is, for 5 bytes more and 5 in each 64 KiB: costs next to no time.
DeflatedPiece stored_piece(std::string_view text);

// What one receiver has got: gzip_header(), pieces in order, then trailer().
class GzipStream {
 public:
  void add(const DeflatedPiece& piece);
  std::string trailer() const;

 private:
  std::uint32_t crc_ = 0, length_ = 0;
};
std::string_view gzip_header();

}  // namespace trainyard::http
