# The library trainyard_build_info gives "build_info.hpp": version, commit and time of this build.
# Link it in the one place that prints them: the header changes with every commit.
add_custom_target(write_build_info
  COMMAND ${CMAKE_COMMAND}
    -DSOURCE=${PROJECT_SOURCE_DIR} -DVERSION=${PROJECT_VERSION}
    -DOUT=${PROJECT_BINARY_DIR}/generated/build_info.hpp
    -P ${PROJECT_SOURCE_DIR}/cmake/WriteBuildInfo.cmake
  BYPRODUCTS ${PROJECT_BINARY_DIR}/generated/build_info.hpp
  COMMENT "Writing build_info.hpp"
  VERBATIM)
add_library(trainyard_build_info INTERFACE)
target_include_directories(trainyard_build_info INTERFACE ${PROJECT_BINARY_DIR}/generated)
add_dependencies(trainyard_build_info write_build_info)
