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
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${target} INTERFACE ${depends} ${ARG_LINK})
  endif()

  if(TRAINYARD_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE ${target} ${test_depends} GTest::gmock GTest::gtest_main)
    target_compile_definitions(${name}_test PRIVATE
      TRAINYARD_TESTDATA="${CMAKE_CURRENT_SOURCE_DIR}/testdata")
    gtest_discover_tests(${name}_test TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60
      PROPERTIES TIMEOUT 120 LABELS unit)
  endif()
endfunction()
