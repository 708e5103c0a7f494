#pragma once
// Bytes received and not yet used. Internal to src/http.
#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace trainyard::http {

class ReadBuffer {
 public:
  std::string_view data() const { return {storage_.get() + begin_, end_ - begin_}; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }

  // Room for at least `room` more bytes, moving or growing the storage when needed.
  std::span<char> prepare(std::size_t room) {
    if (capacity_ - end_ < room) make_room(room);
    return {storage_.get() + end_, capacity_ - end_};
  }
  void commit(std::size_t count) { end_ += count; }
  void consume(std::size_t count) { begin_ += count; }
  // Gives the storage back when nothing is left in it.
  void shrink() {
    if (!empty()) return;
    storage_.reset();
    begin_ = end_ = capacity_ = 0;
  }

 private:
  void make_room(std::size_t room) {
    const std::size_t used = size();
    if (capacity_ < used + room) {
      const std::size_t capacity = std::max(used + room, capacity_ * 2);
      std::unique_ptr<char[]> grown(new char[capacity]);  // not zeroed
      if (used > 0) std::memcpy(grown.get(), storage_.get() + begin_, used);
      storage_ = std::move(grown);
      capacity_ = capacity;
    } else {
      std::memmove(storage_.get(), storage_.get() + begin_, used);
    }
    begin_ = 0;
    end_ = used;
  }

  std::unique_ptr<char[]> storage_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace trainyard::http
