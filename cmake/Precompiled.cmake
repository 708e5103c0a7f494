# With TRAINYARD_PRECOMPILE the headers that most files read are compiled once: a third of the time
# of a build whose code is instrumented. Every file still includes what it uses, as the builds
# without it show.
#
# trainyard_precompiled(TARGET FOR LIBRARY|TEST) lets a target use them.
set(TRAINYARD_COMMON_HEADERS
  <algorithm> <array> <atomic> <chrono> <condition_variable> <cstdint> <exception> <filesystem> <functional>
  <map> <memory> <mutex> <optional> <ostream> <set> <span> <stop_token> <string> <string_view> <thread>
  <utility> <vector> <fmt/format.h>)

function(trainyard_precompiled target for kind)
  if(NOT TRAINYARD_PRECOMPILE)
    return()
  endif()
  if(kind STREQUAL "TEST")
    set(from precompiled_for_tests)
  else()
    set(from precompiled_for_libraries)
  endif()
  target_precompile_headers(${target} REUSE_FROM ${from})
endfunction()

if(TRAINYARD_PRECOMPILE)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # ccache keeps what was compiled for as long as the headers read the same; clang must not ask for
    # the same times of change too.
    add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
  endif()
  # Each is compiled as what uses it is: a library, a program.
  set(empty ${PROJECT_BINARY_DIR}/generated/precompiled.cpp)
  file(CONFIGURE OUTPUT ${empty} CONTENT "int main() {}\n")
  add_library(precompiled_for_libraries STATIC ${empty})
  target_link_libraries(precompiled_for_libraries PRIVATE fmt::fmt)
  target_precompile_headers(precompiled_for_libraries PRIVATE ${TRAINYARD_COMMON_HEADERS} <nlohmann/json.hpp>)
  if(TRAINYARD_TESTS)
    add_executable(precompiled_for_tests ${empty})
    target_link_libraries(precompiled_for_tests PRIVATE fmt::fmt GTest::gmock)
    target_compile_options(precompiled_for_tests PRIVATE ${TRAINYARD_TEST_OPTIONS})
    target_precompile_headers(precompiled_for_tests PRIVATE ${TRAINYARD_COMMON_HEADERS} <gmock/gmock.h> <gtest/gtest.h>)
  endif()
endif()
