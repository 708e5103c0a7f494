#include "api/shared_pieces.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/error.hpp"

namespace trainyard::api {
namespace {

constexpr std::size_t kCostOfOne = 400;  // beside its bytes
constexpr std::uint64_t kFileSize = 1u << 20;

// Memory that has no name, as a file.
std::shared_ptr<const Fd> make_memory_file() {
  Fd file(memfd_create("trainyard-log-pieces", MFD_CLOEXEC));
  if (!file) throw_errno("make a file in memory");
  return std::make_shared<const Fd>(std::move(file));
}

std::size_t cost_of(const SharedPieces::Piece& piece) {
  return piece.deflated.bytes.capacity() + piece.slice.length + kCostOfOne;
}

bool same_log(const LogPlace& a, const LogPlace& b) {
  return a.run == b.run && a.stream == b.stream && a.form == b.form;
}

}  // namespace

std::shared_ptr<const SharedPieces::Piece> SharedPieces::at(const LogPlace& place,
                                                            const Read& read) {
  auto known = known_.lock();
  const auto found = known->pieces.find(place);
  if (found != known->pieces.end()) return found->second;
  LogText text = read(known->room(place));
  if (text.text.empty()) return nullptr;
  auto made = std::make_shared<Piece>(Piece{text.end, known->deflate(text.text), {}});
  if (made->deflated.bytes.size() > kSmall) {
    made->slice = known->put(http::chunk_of(made->deflated.bytes));
    std::string().swap(made->deflated.bytes);
  }
  const std::shared_ptr<const Piece> piece = std::move(made);
  known->keep(place, piece);
  return piece;
}

// How long a piece may be that begins there. Only bytes may be cut anywhere.
std::size_t SharedPieces::Known::room(const LogPlace& place) const {
  std::uint64_t end = place.offset + kLongest;
  const auto next = pieces.upper_bound(place);
  if (place.form == LogForm::Bytes) {
    end -= end % kLongest;
    if (next != pieces.end() && same_log(next->first, place)) {
      end = std::min(end, next->first.offset);
    }
  }
  if (next != pieces.begin()) {
    const auto& [begin, before] = *std::prev(next);
    if (same_log(begin, place) && before->end > place.offset) end = std::min(end, before->end);
  }
  return end - place.offset;
}

http::DeflatedPiece SharedPieces::Known::deflate(const std::string& text) {
  const auto begin = Steady::now();
  allowance = std::min<Steady::duration>(kBurst, allowance + (begin - counted) / 3);
  counted = begin;
  if (allowance <= Steady::duration::zero()) return http::stored_piece(text);
  if (!deflater) deflater.emplace();
  auto piece = deflater->deflate(text);
  allowance -= Steady::now() - begin;
  return piece;
}

// Never over what another piece has had: that may still be on its way.
http::FileSlice SharedPieces::Known::put(const std::string& bytes) {
  if (!file || file_size >= kFileSize) {
    file = make_memory_file();
    file_size = 0;
  }
  pwrite_all(*file, bytes, file_size);
  return {file, std::exchange(file_size, file_size + bytes.size()), bytes.size()};
}

void SharedPieces::Known::keep(const LogPlace& place, const std::shared_ptr<const Piece>& piece) {
  pieces.emplace(place, piece);
  oldest.push_back(place);
  bytes += cost_of(*piece);
  while (bytes > kMostBytes) {
    const auto gone = pieces.find(oldest.front());
    bytes -= cost_of(*gone->second);
    pieces.erase(gone);
    oldest.pop_front();
  }
}

}  // namespace trainyard::api
