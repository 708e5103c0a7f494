#pragma once
// What the targets share.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.hpp"

namespace trainyard::fuzzing {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline void require(bool holds) {
  if (!holds) std::abort();
}

// A refusal is an answer; anything else that is thrown is a finding.
template <typename Refusal = Error, typename Fn>
void attempt(Fn&& fn) {
  try {
    fn();
  } catch (const Refusal&) {
  }
}

}  // namespace trainyard::fuzzing
