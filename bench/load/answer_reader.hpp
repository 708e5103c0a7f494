#pragma once
// Finds where answers end in what a kept-alive connection received. Only what the API sends for
// GET: a Content-Length, or none for 204 and 304.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

class AnswerReader {
 public:
  struct Answer {
    int status = 0;
    std::uint64_t body_bytes = 0;
  };
  // Takes the next bytes; the answer when they complete it. Throws trainyard::Error for anything
  // that it cannot read.
  std::optional<Answer> take(std::string_view bytes);

 private:
  void read_head(std::string_view head);

  std::string head_;
  bool in_body_ = false;
  Answer answer_;
  std::uint64_t missing_ = 0;  // of the body
};
