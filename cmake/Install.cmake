# `make install`: the program, bx beside it, and the service unit with the path it was installed to.
include(GNUInstallDirs)
install(TARGETS trainyard RUNTIME)
install(CODE "file(CREATE_LINK trainyard
  \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/bx\" SYMBOLIC)")

install(CODE "
  file(READ \"${PROJECT_SOURCE_DIR}/packaging/trainyard.service\" unit)
  string(REPLACE /usr/local/bin \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\" unit \"\${unit}\")
  set(target \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/systemd/system/trainyard.service\")
  file(WRITE \"\${target}\" \"\${unit}\")
  message(STATUS \"Installing: \${target}\")")
