#include "api/shared_pieces.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/processor_time.hpp"

namespace trainyard::api {
namespace {

constexpr std::size_t kCostOfOne = 400;  // beside its bytes
// A follower that is slow holds the files that it is sent from.
constexpr std::uint64_t kFileSize = 256u << 10;

std::size_t cost_of(const SharedPieces::Piece& piece) { return piece.size() + kCostOfOne; }

bool same_log(const LogPlace& a, const LogPlace& b) {
  return a.run == b.run && a.stream == b.stream && a.form == b.form;
}

// Memory that has no name, as a file.
std::shared_ptr<const Fd> make_memory_file() {
  Fd file(memfd_create("trainyard-log-pieces", MFD_CLOEXEC));
  if (!file) throw_errno("make a file in memory");
  return std::make_shared<const Fd>(std::move(file));
}

}  // namespace

std::shared_ptr<const SharedPieces::Piece> SharedPieces::at(const LogPlace& place,
                                                            const Read& read) {
  std::size_t room = 0;
  {
    auto known = known_.lock();
    if (auto piece = known->find(place)) return piece;
    room = known->room(place);
  }
  const LogText text = read(room);
  if (text.text.empty()) return nullptr;
  std::scoped_lock guard(making_);
  if (auto piece = known_.lock()->find(place)) return piece;  // made while we waited
  return make(place, text);
}

std::shared_ptr<const SharedPieces::Piece> SharedPieces::make(const LogPlace& place,
                                                              const LogText& text) {
  auto piece = std::make_shared<Piece>();
  piece->end = text.end;
  auto deflated = maker_.deflate(text);
  piece->deflated = deflated ? std::move(*deflated) : http::stored_piece(text.text);
  if (!deflated) return piece;
  if (piece->deflated.bytes.size() > kSmall) {
    piece->slice = maker_.put(http::chunk_of(piece->deflated.bytes));
    if (piece->slice.length > 0) std::string().swap(piece->deflated.bytes);
  }
  known_.lock()->keep(place, piece);
  return piece;
}

std::shared_ptr<const SharedPieces::Piece> SharedPieces::Known::find(const LogPlace& place) const {
  const auto found = pieces_.find(place);
  return found == pieces_.end() ? nullptr : found->second;
}

// How long a piece may be that begins there. Only bytes may be cut anywhere.
std::size_t SharedPieces::Known::room(const LogPlace& place) const {
  std::uint64_t end = place.offset + kLongest;
  const auto next = pieces_.upper_bound(place);
  if (place.form == LogForm::Bytes) {
    end -= end % kLongest;
    if (next != pieces_.end() && same_log(next->first, place)) {
      end = std::min(end, next->first.offset);
    }
  }
  if (next != pieces_.begin()) {
    const auto& [begin, before] = *std::prev(next);
    if (same_log(begin, place) && before->end > place.offset) end = std::min(end, before->end);
  }
  return end - place.offset;
}

void SharedPieces::Known::keep(const LogPlace& place, const std::shared_ptr<const Piece>& piece) {
  pieces_.emplace(place, piece);
  oldest_.push_back(place);
  bytes_ += cost_of(*piece);
  while (bytes_ > kMostBytes) {
    const auto gone = pieces_.find(oldest_.front());
    bytes_ -= cost_of(*gone->second);
    pieces_.erase(gone);
    oldest_.pop_front();
  }
}

bool SharedPieces::Allowance::left() {
  const auto now = Steady::now();
  rest_ = std::min<std::chrono::nanoseconds>(most_, rest_ + (now - counted_) / share_);
  counted_ = now;
  return rest_ > std::chrono::nanoseconds::zero();
}

std::optional<http::DeflatedPiece> SharedPieces::Maker::deflate(const LogText& text) {
  Allowance& allowance = text.far ? far_ : near_;
  if (!allowance.left()) return std::nullopt;
  if (!deflater_) deflater_.emplace();
  const auto before = thread_processor_time();
  auto piece = deflater_->deflate(text.text);
  allowance.spend(thread_processor_time() - before);
  return piece;
}

// Never over what another piece has had: that may still be on its way.
http::FileSlice SharedPieces::Maker::put(const std::string& bytes) {
  try {
    if (!file_ || file_size_ >= kFileSize) {
      file_ = make_memory_file();
      file_size_ = 0;
    }
    pwrite_all(*file_, bytes, file_size_);
  } catch (const Error& error) {  // each who gets it copies it then
    log::warn("a piece of a log cannot be shared: {}", error.what());
    file_.reset();
    return {};
  }
  return {file_, std::exchange(file_size_, file_size_ + bytes.size()), bytes.size()};
}

}  // namespace trainyard::api
