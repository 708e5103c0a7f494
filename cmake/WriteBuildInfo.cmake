# cmake -DSOURCE=… -DVERSION=… -DOUT=… -P: writes OUT when it would change. The time is
# SOURCE_DATE_EPOCH, else the commit's own time, so that building a commit twice gives the same
# program; outside a git checkout it is the time of the build.
execute_process(COMMAND git -C ${SOURCE} log -1 --format=%H\ %ct
  OUTPUT_VARIABLE head OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
set(COMMIT unknown)
if(NOT failed AND head MATCHES "^([0-9a-f]+) ([0-9]+)$")
  set(COMMIT ${CMAKE_MATCH_1})
  if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
    set(ENV{SOURCE_DATE_EPOCH} ${CMAKE_MATCH_2})
  endif()
endif()
string(TIMESTAMP TIME "%Y%m%d.%H%M%S" UTC)
configure_file(${CMAKE_CURRENT_LIST_DIR}/build_info.hpp.in ${OUT} @ONLY)
