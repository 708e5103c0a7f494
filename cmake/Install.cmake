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

# What the program says of itself: completions and the manual page.
install(CODE "
  set(program \"${CMAKE_BINARY_DIR}/trainyard\")
  set(share \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}\")
  foreach(target bash:bash-completion/completions/trainyard zsh:zsh/site-functions/_trainyard
          fish:fish/vendor_completions.d/trainyard.fish)
    string(REPLACE : \";\" parts \${target})
    list(GET parts 0 shell)
    list(GET parts 1 file)
    get_filename_component(folder \"\${share}/\${file}\" DIRECTORY)
    file(MAKE_DIRECTORY \"\${folder}\")
    execute_process(COMMAND \"\${program}\" completion \${shell} OUTPUT_FILE \"\${share}/\${file}\"
                    COMMAND_ERROR_IS_FATAL ANY)
    message(STATUS \"Installing: \${share}/\${file}\")
  endforeach()
  file(MAKE_DIRECTORY \"\${share}/man/man1\")
  execute_process(COMMAND \"\${program}\" help --man OUTPUT_FILE \"\${share}/man/man1/trainyard.1\"
                  COMMAND_ERROR_IS_FATAL ANY)
  message(STATUS \"Installing: \${share}/man/man1/trainyard.1\")")
