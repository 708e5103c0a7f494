# Test programs whose code starts threads; ThreadSanitizer runs these (label `unit-threads`).
set(TRAINYARD_THREADED accounts base http objectstore gateway repository logstore runtime engine scheduler client
    learner api main)
# Test programs that give a command another user, which takes root's rights where root runs them; all
# others give these up.
set(TRAINYARD_WITH_OTHER_USERS sandbox learner)
# The libraries are tested as shipped, and watched; optimising the test code itself, or checking it
# for undefined behaviour, only costs build time.
set(TRAINYARD_TEST_OPTIONS -O0 -fno-sanitize=undefined)
# Target that builds every unit test program, and one for those in the list above.
add_custom_target(unit_tests)
add_custom_target(threaded_tests)
if(TRAINYARD_TESTS)
  add_library(ordinary_user OBJECT ${PROJECT_SOURCE_DIR}/tests/unit/ordinary_user.cpp)
endif()
include(${CMAKE_CURRENT_LIST_DIR}/Precompiled.cmake)

# trainyard_library(NAME DEPENDS <our libraries> LINK <outside libraries>)
#   Builds src/NAME/*.cpp (without *_test.cpp) as the static library trainyard_NAME, and
#   src/NAME/*_test.cpp as the program NAME_test, registered with ctest.
#   TEST_DEPENDS names libraries that only the tests use.
function(trainyard_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK;TEST_DEPENDS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")

  list(TRANSFORM ARG_DEPENDS PREPEND trainyard_ OUTPUT_VARIABLE depends)
  list(TRANSFORM ARG_TEST_DEPENDS PREPEND trainyard_ OUTPUT_VARIABLE test_depends)

  set(target trainyard_${name})
  if(sources)
    add_library(${target} STATIC ${sources})
    target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${target} PUBLIC ${depends} ${ARG_LINK})
    trainyard_precompiled(${target} FOR LIBRARY)
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${target} INTERFACE ${depends} ${ARG_LINK})
  endif()

  if(TRAINYARD_TESTS AND tests)
    trainyard_unit_test(${name} SOURCES ${tests} LINK ${target} ${test_depends})
  endif()
endfunction()

# trainyard_unit_test(NAME SOURCES <files> LINK <targets>): the program NAME_test, its cases
#   registered one by one. They are listed when ctest starts, not at link time, so that a build
#   never runs a program and a test program that cannot start is a failed test, not a failed build.
function(trainyard_unit_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  set(program ${name}_test)
  add_executable(${program} ${ARG_SOURCES})
  target_link_libraries(${program} PRIVATE ${ARG_LINK} GTest::gmock GTest::gtest_main)
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/testdata)
    target_compile_definitions(${program} PRIVATE
      TRAINYARD_TESTDATA="${CMAKE_CURRENT_SOURCE_DIR}/testdata")
  endif()
  if(NOT name IN_LIST TRAINYARD_WITH_OTHER_USERS)
    target_link_libraries(${program} PRIVATE ordinary_user)
  endif()
  target_compile_options(${program} PRIVATE ${TRAINYARD_TEST_OPTIONS})
  trainyard_precompiled(${program} FOR TEST)

  add_dependencies(unit_tests ${program})
  set(label unit)
  if(name IN_LIST TRAINYARD_THREADED)
    set(label unit-threads)  # `ctest -L unit` takes a pattern and so matches both
    add_dependencies(threaded_tests ${program})
  endif()
  gtest_discover_tests(${program} TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 300 PROPERTIES TIMEOUT 600 LABELS ${label})
endfunction()
